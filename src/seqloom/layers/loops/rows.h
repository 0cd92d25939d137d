// The rows of one sentence as floats, filled up with zeros to a multiple of LANES, and products of few such rows.

#pragma once

#include "lanes.h"
#include "numbers.h"

// `count` rows of `size` numbers that lie `stride` apart -> floats (count, room), 0 beyond
inline void gather(float* together, const Number* rows, int64_t count, int64_t size, int64_t stride, int64_t room) {
    for (int64_t r = 0; r < count; ++r) {
        for (int64_t i = 0; i < size; ++i) together[r * room + i] = value(rows[r * stride + i]);
        for (int64_t i = size; i < room; ++i) together[r * room + i] = 0;
    }
}

// The way back.
inline void scatter(Number* rows, const float* together, int64_t count, int64_t size, int64_t stride, int64_t room) {
    for (int64_t r = 0; r < count; ++r)
        for (int64_t i = 0; i < size; ++i) put(rows[r * stride + i], together[r * room + i]);
}

struct Weights {  // a matrix that may be read as its transpose: the steps from row to row and from column to column
    const float* first;
    int64_t row, column;

    Weights from(int64_t number) const { return {first + number * row, row, column}; }
    float at(int64_t r, int64_t c) const { return first[r * row + c * column]; }
};

template <int COUNT>
inline void mix_some(float* mixed, Weights weights, const float* rows, int64_t terms, int64_t room) {
    for (int64_t first = 0; first < room; first += LANES) {
        Lanes sums[COUNT] = {};
        for (int64_t i = 0; i < terms; ++i) {
            const Lanes row = lanes(rows + i * room + first);
            for (int r = 0; r < COUNT; ++r) sums[r] += weights.at(r, i) * row;
        }
        for (int r = 0; r < COUNT; ++r) std::memcpy(mixed + r * room + first, &sums[r], sizeof sums[r]);
    }
}

// mixed (count, room) = weights (count, terms) . rows (terms, room)
inline void mix(float* mixed, Weights weights, const float* rows, int64_t count, int64_t terms, int64_t room) {
    int64_t r = 0;
    for (; r + 8 <= count; r += 8) mix_some<8>(mixed + r * room, weights.from(r), rows, terms, room);
    for (; r + 3 <= count; r += 3) mix_some<3>(mixed + r * room, weights.from(r), rows, terms, room);
    for (; r < count; ++r) mix_some<1>(mixed + r * room, weights.from(r), rows, terms, room);
}

template <int COUNT>
inline void compare_some(float* products, const float* asking, const float* rows, int64_t stored, int64_t room) {
    for (int64_t s = 0; s < stored; ++s) {
        Lanes sums[COUNT] = {};
        for (int64_t first = 0; first < room; first += LANES) {
            const Lanes row = lanes(rows + s * room + first);
            for (int r = 0; r < COUNT; ++r) sums[r] += lanes(asking + r * room + first) * row;
        }
        for (int r = 0; r < COUNT; ++r) products[r * stored + s] = sum(sums[r]);
    }
}

// products (count, stored) = asking (count, room) . rows (stored, room)^T
inline void compare(float* products, const float* asking, const float* rows, int64_t count, int64_t stored,
                    int64_t room) {
    int64_t r = 0;
    for (; r + 8 <= count; r += 8) compare_some<8>(products + r * stored, asking + r * room, rows, stored, room);
    for (; r + 3 <= count; r += 3) compare_some<3>(products + r * stored, asking + r * room, rows, stored, room);
    for (; r < count; ++r) compare_some<1>(products + r * stored, asking + r * room, rows, stored, room);
}
