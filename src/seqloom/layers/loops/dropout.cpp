// Dropout, added to a residual where there is one.

#include "mask.h"
#include "numbers.h"

extern "C" {

void dropout(const Number* inputs, const float* beside, void* outputs, int64_t rows, int64_t columns, uint64_t seed,
             int threshold, float scale) {
#pragma omp parallel
    {
        Mask mask(columns, seed, threshold, scale);
#pragma omp for schedule(static)
        for (int64_t row = 0; row < rows; ++row) {
            const float* const kept = mask.row(row);
            const Number* const x = inputs + row * columns;
            if (beside) {
                const float* const other = beside + row * columns;
                float* const y = static_cast<float*>(outputs) + row * columns;
#pragma omp simd
                for (int64_t i = 0; i < columns; ++i) y[i] = other[i] + value(x[i]) * kept[i];
            } else {
                Number* const y = static_cast<Number*>(outputs) + row * columns;
#pragma omp simd
                for (int64_t i = 0; i < columns; ++i) put(y[i], value(x[i]) * kept[i]);
            }
        }
    }
}

}  // extern "C"
