// Sums and products that a library is slow at: many short columns, few rows.

#include "lanes.h"
#include "numbers.h"

namespace {

// The sums of some rows over 16 columns at a time stay in registers while the weight passes by once.
template <int ROWS>
int64_t multiply_rows(const float* inputs, const float* weight, const float* bias, float* outputs, int64_t size,
                      int64_t columns) {
    int64_t first = 0;
    for (; first + LANES <= columns; first += LANES) {
        Lanes sums[ROWS] = {};
        for (int64_t i = 0; i < size; ++i) {
            const Lanes column = lanes(weight + i * columns + first);
            for (int row = 0; row < ROWS; ++row) sums[row] += inputs[row * size + i] * column;
        }
        for (int row = 0; row < ROWS; ++row) {
            if (bias) sums[row] += lanes(bias + first);
            std::memcpy(outputs + row * columns + first, &sums[row], sizeof sums[row]);
        }
    }
    for (; first < columns; ++first) {
        for (int row = 0; row < ROWS; ++row) {
            float sum = bias ? bias[first] : 0;
            for (int64_t i = 0; i < size; ++i) sum += inputs[row * size + i] * weight[i * columns + first];
            outputs[row * columns + first] = sum;
        }
    }
    return ROWS;
}

}  // namespace

extern "C" {

// outputs (rows, columns) = inputs (rows, size) . weight (size, columns) + bias, for few rows
void few_rows(const float* inputs, const float* weight, const float* bias, float* outputs, int64_t rows, int64_t size,
              int64_t columns) {
    for (int64_t row = 0; row < rows;) {
        const float* const x = inputs + row * size;
        float* const y = outputs + row * columns;
        switch (std::min<int64_t>(rows - row, 5)) {  // five is the usual beam
            case 5: row += multiply_rows<5>(x, weight, bias, y, size, columns); break;
            case 4: row += multiply_rows<4>(x, weight, bias, y, size, columns); break;
            case 3: row += multiply_rows<3>(x, weight, bias, y, size, columns); break;
            case 2: row += multiply_rows<2>(x, weight, bias, y, size, columns); break;
            default: row += multiply_rows<1>(x, weight, bias, y, size, columns);
        }
    }
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
