// The label-smoothed loss, whose logits become their own gradient.

#include "numbers.h"

#include <vector>

namespace {

// A softmax of logits x is p * scale, or e^(x - log_sum); sum is that of x.
struct Softmax {
    double log_sum;
    float scale, sum;
};

inline Softmax softmax(float* p, float* x, const Number* logits, const float* bias, int64_t symbols) {
    float largest = -INFINITY, sum = 0, total = 0;
#pragma omp simd reduction(max : largest) reduction(+ : sum)
    for (int64_t i = 0; i < symbols; ++i) {
        x[i] = value(logits[i]) + bias[i];
        largest = std::max(largest, x[i]);
        sum += x[i];
    }
#pragma omp simd reduction(+ : total)
    for (int64_t i = 0; i < symbols; ++i) {
        p[i] = exponential(x[i] - largest);
        total += p[i];
    }
    return {double(largest) + std::log(double(total)), 1.0f / total, sum};
}

// weight * (KL(p, q) + KL(q, p)) of the softmaxes of x and y; its gradient by x and y is added to p and q.
double divergence(float* p, float* q, const float* x, const float* y, Softmax& of_x, Softmax& of_y, float weight,
                  int64_t symbols) {
    const float shift = float(of_y.log_sum - of_x.log_sum);
    float forth = 0, back = 0;
#pragma omp simd reduction(+ : forth, back)
    for (int64_t i = 0; i < symbols; ++i) {
        const float apart = x[i] - y[i] + shift;  // log p - log q
        p[i] *= of_x.scale;
        q[i] *= of_y.scale;
        forth += p[i] * apart;
        back -= q[i] * apart;
    }
    of_x.scale = of_y.scale = 1;
#pragma omp simd
    for (int64_t i = 0; i < symbols; ++i) {
        const float apart = x[i] - y[i] + shift, one = p[i], other = q[i];
        p[i] = one + weight * (one * (1 + apart - forth) - other);
        q[i] = other + weight * (other * (1 - apart - back) - one);
    }
    return double(weight) * (double(forth) + double(back));
}

}  // namespace

extern "C" {

// logits (passes, positions, symbols), of one pass, or of two whose divergence counts with a weight; targets and what a
// teacher wishes are the same for both; loss and likelihood (passes, positions).
void smoothed_loss(Number* logits, const float* bias, const int64_t* targets, const float* wished, int64_t passes,
                   int64_t positions, int64_t symbols, float smoothing, float share, float weight, int write,
                   double* loss, double* likelihood) {
    const float spread = (1 - share) * smoothing / float(symbols), on_target = (1 - share) * (1 - smoothing);
#pragma omp parallel
    {
        std::vector<float> buffer(2 * passes * symbols);
        Softmax found[2];
#pragma omp for schedule(static)
        for (int64_t position = 0; position < positions; ++position) {
            float* const x = buffer.data();
            float* const p = x + passes * symbols;
            const int64_t target = targets[position];
            const float* const wish = wished ? wished + position * symbols : nullptr;
            for (int64_t pass = 0; pass < passes; ++pass) {
                const int64_t row = pass * positions + position;
                const float* const own = x + pass * symbols;
                const Softmax of = found[pass] =
                    softmax(p + pass * symbols, x + pass * symbols, logits + row * symbols, bias, symbols);
                likelihood[row] = of.log_sum - own[target];
                const double spread_out = of.log_sum - of.sum / double(symbols);
                loss[row] = (1 - share) * ((1 - smoothing) * likelihood[row] + smoothing * spread_out);
                if (!wish) continue;
                float asked = 0;
#pragma omp simd reduction(+ : asked)
                for (int64_t i = 0; i < symbols; ++i) asked += wish[i] * own[i];
                loss[row] += share * (of.log_sum - asked);
            }
            if (passes == 2)
                loss[position] += divergence(p, p + symbols, x, x + symbols, found[0], found[1], weight, symbols);
            if (!write) continue;
            for (int64_t pass = 0; pass < passes; ++pass) {
                Number* const own = logits + (pass * positions + position) * symbols;
                float* const made = p + pass * symbols;
                const float scale = found[pass].scale;
                made[target] -= on_target / scale;
                if (wish) {
#pragma omp simd
                    for (int64_t i = 0; i < symbols; ++i) put(own[i], made[i] * scale - spread - share * wish[i]);
                } else {
#pragma omp simd
                    for (int64_t i = 0; i < symbols; ++i) put(own[i], made[i] * scale - spread);
                }
            }
        }
    }
}

}  // extern "C"
