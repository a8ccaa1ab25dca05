#include "../routing_cells_test.cpp"
