// Products of few rows: a library's spends most of its time before it begins.

#pragma once

#include "lanes.h"

#include <algorithm>

constexpr int64_t SHARED = 1 << 20;  // multiplications that are worth more than one thread

// A block of columns: its sums over some rows stay in registers while its part of the weight passes by once.
template <int ROWS, int VECTORS>
inline void multiply_block(const float* inputs, const float* weight, const float* bias, float* outputs, int64_t size,
                           int64_t columns) {
    Lanes sums[ROWS][VECTORS] = {};
    for (int64_t i = 0; i < size; ++i) {
        for (int vector = 0; vector < VECTORS; ++vector) {
            const float* const at = weight + i * columns + vector * LANES;
            const Lanes column = lanes(at);
            __builtin_prefetch(at + VECTORS * LANES, 0, 2);  // of the next block, too far apart for the processor to guess
            for (int row = 0; row < ROWS; ++row) sums[row][vector] += inputs[row * size + i] * column;
        }
    }
    for (int row = 0; row < ROWS; ++row) {
        for (int vector = 0; vector < VECTORS; ++vector) {
            if (bias) sums[row][vector] += lanes(bias + vector * LANES);
            std::memcpy(outputs + row * columns + vector * LANES, &sums[row][vector], sizeof(Lanes));
        }
    }
}

// Up to five rows, the usual beam, over the columns from `first` to `end`.
template <int ROWS>
inline void multiply_rows(const float* inputs, const float* weight, const float* bias, float* outputs, int64_t size,
                          int64_t columns, int64_t first, int64_t end) {
    constexpr int wide = 4;  // with five rows as many sums as there are registers for
    for (; first + wide * LANES <= end; first += wide * LANES)
        multiply_block<ROWS, wide>(inputs, weight + first, bias ? bias + first : nullptr, outputs + first, size, columns);
    for (; first + LANES <= end; first += LANES)
        multiply_block<ROWS, 1>(inputs, weight + first, bias ? bias + first : nullptr, outputs + first, size, columns);
    for (; first < end; ++first) {
        for (int row = 0; row < ROWS; ++row) {
            float sum = 0;
            for (int64_t i = 0; i < size; ++i) sum += inputs[row * size + i] * weight[i * columns + first];
            outputs[row * columns + first] = bias ? sum + bias[first] : sum;
        }
    }
}

// outputs (rows, columns) = inputs (rows, size) . weight (size, columns) + bias
inline void multiply_few(const float* inputs, const float* weight, const float* bias, float* outputs, int64_t rows,
                         int64_t size, int64_t columns) {
    constexpr int64_t together = 256;
#pragma omp parallel for schedule(static) if (rows * size * columns > SHARED)
    for (int64_t first = 0; first < columns; first += together) {
        const int64_t end = std::min(first + together, columns);
        for (int64_t row = 0; row < rows;) {
            const float* const x = inputs + row * size;
            float* const y = outputs + row * columns;
            switch (std::min<int64_t>(rows - row, 5)) {
                case 5: multiply_rows<5>(x, weight, bias, y, size, columns, first, end); row += 5; break;
                case 4: multiply_rows<4>(x, weight, bias, y, size, columns, first, end); row += 4; break;
                case 3: multiply_rows<3>(x, weight, bias, y, size, columns, first, end); row += 3; break;
                case 2: multiply_rows<2>(x, weight, bias, y, size, columns, first, end); row += 2; break;
                default: multiply_rows<1>(x, weight, bias, y, size, columns, first, end); row += 1;
            }
        }
    }
}
