#include "thalweg/index/formula.hpp"
