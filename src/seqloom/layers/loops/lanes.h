// Numbers that are computed together, in one register or in several narrower ones.

#pragma once

#include <cstdint>
#include <cstring>

constexpr int64_t LANES = 16;  // numbers computed together; rows of scratch space are filled up to a multiple

inline int64_t filled_up(int64_t count) { return (count + LANES - 1) / LANES * LANES; }

typedef float Lanes __attribute__((vector_size(4 * LANES)));  // in one register, or in several narrower ones

inline float sum(const Lanes& numbers) {
    typedef float Half __attribute__((vector_size(2 * LANES)));
    typedef float Quarter __attribute__((vector_size(LANES)));
    static_assert(sizeof(Quarter) == 4 * sizeof(float), "LANES is taken to be 16");
    Half halves[2];
    std::memcpy(halves, &numbers, sizeof halves);
    const Half half = halves[0] + halves[1];
    Quarter quarters[2];
    std::memcpy(quarters, &half, sizeof quarters);
    const Quarter quarter = quarters[0] + quarters[1];
    return (quarter[0] + quarter[2]) + (quarter[1] + quarter[3]);
}

inline Lanes lanes(const float* from) {
    Lanes loaded;
    std::memcpy(&loaded, from, sizeof loaded);
    return loaded;
}
