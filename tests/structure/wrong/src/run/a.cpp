#include "thalweg/data/dataset.hpp"
