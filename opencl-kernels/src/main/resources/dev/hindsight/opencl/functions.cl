// Elementwise functions and their derivatives. The derivatives are computed from x alone, through
// exponentials of negative numbers: they neither overflow nor cancel.

#if DOUBLES
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#endif

#define SQRT_HALF 0.70710678118654752440f
#define SQRT_2_OVER_PI 0.79788456080286535588f
#define INVERSE_SQRT_2_PI 0.39894228040143267794f
#define TWO_OVER_SQRT_PI 1.12837916709551257390f
#define GELU_CUBIC 0.044715f

float sign_of(float x) { return x == 0.0f || isnan(x) ? x : copysign(1.0f, x); }

// x times a gate; a closed gate wins over an infinite x: the limit, not NaN.
float gated(float x, float gate) { return gate == 0.0f ? 0.0f * sign_of(x) : x * gate; }

float sigmoid(float x) {
  const float e = exp(-fabs(x));
  return x >= 0.0f ? 1.0f / (1.0f + e) : e / (1.0f + e);
}

float sigmoid_slope(float x) {
  const float e = exp(-fabs(x));
  return e / ((1.0f + e) * (1.0f + e));
}

float normal_distribution(float x) { return 0.5f * erfc(-x * SQRT_HALF); }
float normal_density(float x) { return exp(-0.5f * x * x) * INVERSE_SQRT_2_PI; }

// The tanh approximation of GELU is x sigmoid(this).
float gelu_argument(float x) { return 2.0f * SQRT_2_OVER_PI * (x + GELU_CUBIC * x * x * x); }

float gelu_tanh_slope(float x) {
  const float inner = gelu_argument(x);
  const float slope = 2.0f * SQRT_2_OVER_PI * (1.0f + 3.0f * GELU_CUBIC * x * x);
  return sigmoid(inner) + gated(x, gated(slope, sigmoid_slope(inner)));
}

float silu_slope(float x) { return sigmoid(x) + gated(x, sigmoid_slope(x)); }

// Single precision powers are off by up to 16 ulp in OpenCL.
float power(float a, float b) {
#if DOUBLES
  return (float)pow((double)a, (double)b);
#else
  return pow(a, b);
#endif
}

#define FILL y0 = s0
#define COPY y0 = x0
#define AFFINE y0 = x0 * s0 + s1
#define CLAMP y0 = smaller(larger(x0, s0), s1)
#define WHERE y0 = x0 != 0.0f ? x1 : x2
#define ADD_SCALED y0 = x1 + x0 * s0
#define LERP y0 = x1 + s0 * (x0 - x1)
#define SWIGLU y0 = gated(x0, sigmoid(x0)) * x1
#define SWIGLU_BACKWARD                \
  y0 = x2 * x1 * silu_slope(x0);       \
  y1 = x2 * gated(x0, sigmoid(x0))

#define ADD y0 = x0 + x1
#define SUB y0 = x0 - x1
#define MUL y0 = x0 * x1
#define DIV y0 = x0 / x1
#define POW y0 = power(x0, x1)
#define MINIMUM y0 = smaller(x0, x1)
#define MAXIMUM y0 = larger(x0, x1)
#define GREATER y0 = x0 > x1 ? 1.0f : 0.0f
#define GREATER_EQUAL y0 = x0 >= x1 ? 1.0f : 0.0f
#define LESS y0 = x0 < x1 ? 1.0f : 0.0f
#define LESS_EQUAL y0 = x0 <= x1 ? 1.0f : 0.0f
#define EQUAL y0 = x0 == x1 ? 1.0f : 0.0f

#define NEG y0 = -x0
#define ABS y0 = fabs(x0)
#define SIGN y0 = sign_of(x0)
#define SQUARE y0 = x0 * x0
#define SQRT y0 = sqrt(x0)
#define RSQRT y0 = 1.0f / sqrt(x0)
#define RECIPROCAL y0 = 1.0f / x0
#define EXP y0 = exp(x0)
#define LOG y0 = log(x0)
#define LOG1P y0 = log1p(x0)
#define EXPM1 y0 = expm1(x0)
#define SIN y0 = sin(x0)
#define COS y0 = cos(x0)
#define TANH y0 = tanh(x0)
#define SIGMOID y0 = sigmoid(x0)
#define ERF y0 = erf(x0)
#define RELU y0 = larger(x0, 0.0f)
#define SOFTPLUS y0 = fmax(x0, 0.0f) + log1p(exp(-fabs(x0)))
#define SILU y0 = gated(x0, sigmoid(x0))
#define GELU y0 = gated(x0, normal_distribution(x0))
#define GELU_TANH y0 = gated(x0, sigmoid(gelu_argument(x0)))

// x0 is x, x1 the gradient of the result.
#define NEG_BACKWARD y0 = -x1
#define ABS_BACKWARD y0 = x1 * sign_of(x0)
#define SIGN_BACKWARD y0 = x1 * 0.0f
#define SQUARE_BACKWARD y0 = x1 * (2.0f * x0)
#define SQRT_BACKWARD y0 = x1 * (0.5f / sqrt(x0))
#define RSQRT_BACKWARD y0 = x1 * (-0.5f / (x0 * sqrt(x0)))
#define RECIPROCAL_BACKWARD y0 = x1 * (-1.0f / (x0 * x0))
#define EXP_BACKWARD y0 = x1 * exp(x0)
#define LOG_BACKWARD y0 = x1 * (1.0f / x0)
#define LOG1P_BACKWARD y0 = x1 * (1.0f / (1.0f + x0))
#define EXPM1_BACKWARD y0 = x1 * exp(x0)
#define SIN_BACKWARD y0 = x1 * cos(x0)
#define COS_BACKWARD y0 = x1 * -sin(x0)
#define TANH_BACKWARD y0 = x1 * (4.0f * sigmoid_slope(2.0f * x0))
#define SIGMOID_BACKWARD y0 = x1 * sigmoid_slope(x0)
#define ERF_BACKWARD y0 = x1 * (TWO_OVER_SQRT_PI * exp(-x0 * x0))
#define RELU_BACKWARD y0 = x1 * (x0 > 0.0f ? 1.0f : 0.0f)
#define SOFTPLUS_BACKWARD y0 = x1 * sigmoid(x0)
#define SILU_BACKWARD y0 = x1 * silu_slope(x0)
#define GELU_BACKWARD y0 = x1 * (normal_distribution(x0) + gated(x0, normal_density(x0)))
#define GELU_TANH_BACKWARD y0 = x1 * gelu_tanh_slope(x0)
