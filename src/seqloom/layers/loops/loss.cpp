// The label-smoothed loss, whose logits become their own gradient.

#include "numbers.h"

#include <vector>

extern "C" {

void smoothed_loss(Number* logits, const float* bias, const int64_t* targets, const float* wished, int64_t rows,
                   int64_t symbols, float smoothing, float share, int write, double* loss, double* likelihood) {
#pragma omp parallel
    {
        std::vector<float> buffer(symbols);
        float* const x = buffer.data();
#pragma omp for schedule(static)
        for (int64_t row = 0; row < rows; ++row) {
            Number* const own = logits + row * symbols;
            const float* const wish = wished ? wished + row * symbols : nullptr;
            float largest = -INFINITY, sum = 0, asked = 0, total = 0;
#pragma omp simd reduction(max : largest) reduction(+ : sum)
            for (int64_t i = 0; i < symbols; ++i) {
                x[i] = value(own[i]) + bias[i];
                largest = std::max(largest, x[i]);
                sum += x[i];
            }
            if (wish) {
#pragma omp simd reduction(+ : asked)
                for (int64_t i = 0; i < symbols; ++i) asked += wish[i] * x[i];
            }
            const int64_t target = targets[row];
            const double right = x[target];
#pragma omp simd reduction(+ : total)
            for (int64_t i = 0; i < symbols; ++i) {
                x[i] = exponential(x[i] - largest);
                total += x[i];
            }
            const double log_sum = double(largest) + std::log(double(total));
            likelihood[row] = log_sum - right;
            const double smoothed = (1 - smoothing) * (log_sum - right) + smoothing * (log_sum - sum / double(symbols));
            loss[row] = (1 - share) * smoothed + (wish ? share * (log_sum - asked) : 0.0);
            if (!write) continue;
            const float scale = 1.0f / total, spread = (1 - share) * smoothing / float(symbols);
            if (wish) {
#pragma omp simd
                for (int64_t i = 0; i < symbols; ++i) {
                    x[i] = x[i] * scale - spread - share * wish[i];
                    put(own[i], x[i]);
                }
            } else {
#pragma omp simd
                for (int64_t i = 0; i < symbols; ++i) {
                    x[i] = x[i] * scale - spread;
                    put(own[i], x[i]);
                }
            }
            put(own[target], x[target] - (1 - share) * (1 - smoothing));
        }
    }
}

}  // extern "C"
