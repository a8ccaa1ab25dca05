#include "../gated_residual_test.cpp"
