// Numbers and the functions of them that every loop needs.
//
// Each source is compiled twice: Number, the format of the matrix products, is float or bf16; sums and states are float.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#ifdef BFLOAT16
struct Number {
    uint16_t bits;
};

inline float value(Number number) {
    const uint32_t wide = uint32_t(number.bits) << 16;
    float result;
    std::memcpy(&result, &wide, 4);
    return result;
}

inline void put(Number& place, float number) {  // to the nearest, ties to even; NaN stays NaN
    uint32_t wide;
    std::memcpy(&wide, &number, 4);
    const uint32_t rounded = (wide + 0x7FFF + ((wide >> 16) & 1)) >> 16;
    place.bits = uint16_t(number == number ? rounded : 0x7FC0);
}
#else
using Number = float;

inline float value(float number) { return number; }

inline void put(float& place, float number) { place = number; }
#endif

// e^x to 2 units in the last place, for x <= 0 or a little above; 0 far below (Cody and Waite 1980)
inline float exponential(float x) {
    x = std::max(x, -87.0f);
    const float power = (x * 1.44269504f + 12582912.0f) - 12582912.0f;  // rounded to a whole number
    const float rest = (x - power * 0.693359375f) + power * 2.12194440e-4f;
    float sum = 1.9875691500e-4f;
    sum = sum * rest + 1.3981999507e-3f;
    sum = sum * rest + 8.3334519073e-3f;
    sum = sum * rest + 4.1665795894e-2f;
    sum = sum * rest + 1.6666665459e-1f;
    sum = sum * rest + 5.0000001201e-1f;
    sum = sum * rest * rest + rest + 1.0f;
    const int32_t exponent = (int32_t(power) + 127) << 23;
    float scale;
    std::memcpy(&scale, &exponent, 4);
    return sum * scale;
}

inline float hyperbolic_tangent(float x) {
    const float small = exponential(-2.0f * std::fabs(x));
    return std::copysign((1.0f - small) / (1.0f + small), x);
}

inline float sigmoid(float x) {
    const float small = exponential(-std::fabs(x));
    const float larger = 1.0f / (1.0f + small);
    return x >= 0 ? larger : small * larger;
}
