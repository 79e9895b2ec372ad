//! Functions of single numbers, without branches or calls, so that several are computed at once.

/// `e^x` for x of at most 0, to within two units in the last place; 0 below -87, where what is left would soon be denormal, with which processors are slow. NaN stays NaN.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    const LOWEST: f32 = -87.0;
    // Added to a small number, it rounds it to a whole one, which stands in the lowest bits.
    const TO_WHOLE: f32 = 12_582_912.0;
    // ln 2 in two parts, the first with few enough bits that a product with a whole number is exact.
    const LN_2: [f32; 2] = [0.693_145_75, 1.428_606_8e-6];
    let nothing = x < LOWEST;
    let x = if nothing { LOWEST } else { x };
    let shifted = x * std::f32::consts::LOG2_E + TO_WHOLE;
    let whole = shifted - TO_WHOLE;
    let rest = x - whole * LN_2[0] - whole * LN_2[1];
    // Taylor's series: what is left out is below 2^-23 where |rest| is at most ln(2) / 2.
    let series = [
        1.0 / 5040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ];
    let series = series.into_iter().fold(0.0, |sum, next| sum * rest + next);
    let power = (shifted.to_bits() << 23).wrapping_add(127 << 23);
    if nothing {
        0.0
    } else {
        series * f32::from_bits(power)
    }
}

/// The complement of the error function, `2 / sqrt(pi)` times the integral of `e^(-t^2)` from x on, for x of at least 0. The error is at most 6e-7 whatever the value, so that
/// small values have few digits (Abramowitz and Stegun, "Handbook of Mathematical Functions", 7.1.26).
#[inline(always)]
pub fn erfc(x: f32) -> f32 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let series = [
        1.061_405_4,
        -1.453_152,
        1.421_413_7,
        -0.284_496_74,
        0.254_829_6,
    ];
    let series: f32 = series.into_iter().fold(0.0, |sum, next| sum * t + next);
    series * t * exp(-x * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_those_of_the_library() {
        for step in 0..100_000 {
            let x = -87.0 * step as f32 / 100_000.0;
            let (found, expected) = (exp(x), f64::from(x).exp());
            let error = (f64::from(found) - expected).abs() / expected;
            assert!(error < 2.5e-7, "{x}: {found}, not {expected}");
        }
        assert_eq!(exp(0.0), 1.0);
        assert!(
            [-87.1, -1e30, f32::NEG_INFINITY]
                .iter()
                .all(|&x| exp(x) == 0.0)
        );
        assert!(exp(f32::NAN).is_nan());
    }

    #[test]
    fn errors_are_those_of_the_library() {
        for step in 0..100_000 {
            let x = 8.0 * step as f32 / 100_000.0;
            let (found, expected) = (erfc(x), libm::erfc(f64::from(x)));
            let error = (f64::from(found) - expected).abs();
            assert!(error < 6e-7, "{x}: {found}, not {expected}");
        }
        assert!(erfc(1e20) == 0.0 && erfc(f32::NAN).is_nan());
    }
}
