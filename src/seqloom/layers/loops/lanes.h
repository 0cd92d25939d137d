// Numbers that are computed together, in one register or in several narrower ones.

#pragma once

#include <cstdint>
#include <cstring>

constexpr int64_t LANES = 16;  // numbers computed together; rows of scratch space are filled up to a multiple

inline int64_t filled_up(int64_t count) { return (count + LANES - 1) / LANES * LANES; }

typedef float Lanes __attribute__((vector_size(4 * LANES)));  // in one register, or in several narrower ones

inline Lanes lanes(const float* from) {
    Lanes loaded;
    std::memcpy(&loaded, from, sizeof loaded);
    return loaded;
}
