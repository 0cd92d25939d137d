// Sums and products that a library is slow at: many short columns, few rows.

#include "numbers.h"
#include "products.h"

extern "C" {

// outputs (rows, columns) = inputs (rows, size) . weight (size, columns) + bias, for few rows
void few_rows(const float* inputs, const float* weight, const float* bias, float* outputs, int64_t rows, int64_t size,
              int64_t columns) {
    multiply_few(inputs, weight, bias, outputs, rows, size, columns);
}

// rows (count, columns) -> their sum (columns)
void column_sums(const Number* rows, float* sums, int64_t count, int64_t columns) {
    constexpr int64_t together = 256;
#pragma omp parallel for schedule(static)
    for (int64_t first = 0; first < columns; first += together) {
        const int64_t end = std::min(first + together, columns);
        std::fill(sums + first, sums + end, 0.0f);
        for (int64_t row = 0; row < count; ++row) {
            const Number* const own = rows + row * columns;
#pragma omp simd
            for (int64_t i = first; i < end; ++i) sums[i] += value(own[i]);
        }
    }
}

}  // extern "C"
