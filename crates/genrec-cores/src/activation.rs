//! Activations.

use burn::tensor::{Tensor, activation};
use multiversion::multiversion;

use crate::erfc;
use crate::in_place::{in_place, is_possible};

/// `x Phi(x)` of every element, with the error function (Hendrycks and Gimpel, "Gaussian error linear units"). On the host it is off by at most 5e-7 times `max(1, |x|)`.
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if !is_possible(&x) {
        return activation::gelu(x);
    }
    in_place(x, 1, |_, values| of_each(values))
}

/// Compiled for several generations of processors; which one is at hand decides how many numbers are worked out at once, and changes none of them.
#[multiversion(targets = "simd")]
fn of_each(values: &mut [f32]) {
    for x in values {
        let outside = 0.5 * erfc(x.abs() * std::f32::consts::FRAC_1_SQRT_2);
        *x *= if *x < 0.0 { outside } else { 1.0 - outside };
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;

    #[test]
    fn gelu_is_that_of_the_back_end() {
        let device = Device::flex();
        device.seed(3);
        for shape in [[1, 1], [3, 7], [200, 130]] {
            let x = Tensor::<2>::random(shape, Distribution::Normal(0.0, 3.0), &device);
            let apart = gelu(x.clone()) - activation::gelu(x.clone());
            let most = (apart.abs() / x.abs().clamp_min(1.0))
                .max()
                .into_scalar::<f32>();
            assert!(most < 5e-7, "{most} for {shape:?}");
        }
        let x = Tensor::<1>::from_floats([0.0, -30.0, 30.0, f32::NAN], &device);
        let found: Vec<f32> = gelu(x).into_data().iter::<f32>().collect();
        assert_eq!(found[0], 0.0);
        assert!(found[1] == 0.0 && found[2] == 30.0 && found[3].is_nan());
    }

    #[test]
    fn nothing_stays_nothing() {
        let nothing = gelu(Tensor::<2>::zeros([0, 3], &Device::flex()));
        assert_eq!(nothing.dims(), [0, 3]);
    }
}
