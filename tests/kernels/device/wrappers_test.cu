// The known answers of the instructions, from the GPU itself; scripts/gpu_check runs it first.
#include "../wrappers_test.cpp"
