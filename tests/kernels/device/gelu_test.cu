#include "../gelu_test.cpp"
