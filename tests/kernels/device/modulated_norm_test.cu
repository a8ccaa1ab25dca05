#include "../modulated_norm_test.cpp"
