#include "../norm_rope_test.cpp"
