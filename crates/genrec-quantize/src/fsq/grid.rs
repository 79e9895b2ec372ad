use burn::tensor::{Device, Int, Tensor, TensorData};

/// How far short of its outermost levels a scalar stays before rounding, in shares of the range.
const SHORT: f64 = 1e-3;

/// The points that latents are rounded to (Mentzer et al., 2023, section 3.1 and appendix A).
pub(super) struct Grid {
    scalars: Vec<Vec<usize>>,
    device: Device,
}

impl Grid {
    pub(super) fn new(scalars: &[Vec<usize>], device: &Device) -> Self {
        Self {
            scalars: scalars.to_vec(),
            device: device.clone(),
        }
    }

    /// A number for each scalar, made of its number of levels: `[1, d]`.
    fn each(&self, number: impl Fn(f64) -> f64) -> Tensor<2> {
        let levels = self.scalars.iter().flatten();
        let numbers: Vec<f32> = levels.map(|&l| number(l as f64) as f32).collect();
        let d = numbers.len();
        Tensor::from_data(TensorData::new(numbers, [1, d]), &self.device)
    }

    /// Latents squeezed into the range of the levels, `tanh(z + shift) half - offset`: `L` levels
    /// are the whole numbers from `-floor(L / 2)` on. `[batch, d]` to `[batch, d]`.
    pub(super) fn bounded(&self, latents: Tensor<2>) -> Tensor<2> {
        let half = |levels: f64| (levels - 1.0) * (1.0 - SHORT) / 2.0;
        let offset = |levels: f64| if levels % 2.0 == 1.0 { 0.0 } else { 0.5 };
        let shift = |levels: f64| (offset(levels) / half(levels)).tan();
        (latents + self.each(shift)).tanh() * self.each(half) - self.each(offset)
    }

    /// The nearest whole numbers, with the gradient of what was rounded: `[batch, d]`.
    pub(super) fn rounded(&self, bounded: Tensor<2>) -> Tensor<2> {
        bounded.clone() + (bounded.clone().round() - bounded).detach()
    }

    /// Levels as values of about `-1..=1`: `[batch, d]`.
    pub(super) fn scaled(&self, levels: Tensor<2>) -> Tensor<2> {
        levels / self.each(|levels| (levels / 2.0).floor())
    }

    /// The codes of rounded latents, the first scalar of a code running fastest: `[batch, d]` to
    /// `[batch, levels]`, without autodiff.
    pub(super) fn codes(&self, rounded: Tensor<2>) -> Tensor<2, Int> {
        let from_zero = rounded.inner() + self.each(|levels| (levels / 2.0).floor()).inner();
        let mut start = 0;
        let codes = self
            .scalars
            .iter()
            .map(|levels| {
                let mut weight = 1;
                let weights: Vec<f32> = levels
                    .iter()
                    .map(|levels| {
                        let next = weight * levels;
                        std::mem::replace(&mut weight, next) as f32
                    })
                    .collect();
                let d = levels.len();
                let weights =
                    Tensor::<2>::from_data(TensorData::new(weights, [1, d]), &from_zero.device());
                let part = from_zero.clone().narrow(1, start, d).round();
                start += d;
                // Whole numbers below 2^24 are exact in 32-bit floats.
                (part * weights).sum_dim(1).int()
            })
            .collect();
        Tensor::cat(codes, 1)
    }

    /// The rounded latents that codes stand for, scaled: `[batch, levels]` to `[batch, d]`.
    pub(super) fn values(&self, codes: Tensor<2, Int>) -> Tensor<2> {
        let mut values = vec![];
        for (level, scalars) in self.scalars.iter().enumerate() {
            let mut left = codes.clone().narrow(1, level, 1);
            for &count in scalars {
                let next = left.clone().div_scalar(count as i64);
                let value = left - next.clone().mul_scalar(count as i64);
                values.push(value.float() - (count / 2) as f64);
                left = next;
            }
        }
        self.scaled(Tensor::cat(values, 1))
    }

    /// The scalars of each code, 0 elsewhere: `[batch, d]` to `[batch, d]` per code.
    pub(super) fn split(&self, values: Tensor<2>) -> Vec<Tensor<2>> {
        let d = values.dims()[1];
        let mut start = 0;
        self.scalars
            .iter()
            .map(|levels| {
                let range = start..start + levels.len();
                start = range.end;
                let mask: Vec<f32> = (0..d)
                    .map(|column| f32::from(u8::from(range.contains(&column))))
                    .collect();
                let mask = Tensor::<2>::from_data(TensorData::new(mask, [1, d]), &self.device);
                values.clone() * mask
            })
            .collect()
    }

    /// All values of each code, `[codewords, d]` per code, 0 where the scalars of other codes are.
    pub(super) fn codebooks(&self) -> Vec<Tensor<2>> {
        let sizes = self
            .scalars
            .iter()
            .map(|levels| levels.iter().product::<usize>());
        sizes
            .enumerate()
            .map(|(level, size)| {
                let numbers = Tensor::<1, Int>::arange(0..size as i64, &self.device);
                let numbers = numbers.unsqueeze_dim::<2>(1);
                let codes = numbers
                    .clone()
                    .zeros_like()
                    .repeat_dim(1, self.scalars.len());
                let codes = codes.slice_assign([0..size, level..level + 1], numbers);
                self.split(self.values(codes)).swap_remove(level)
            })
            .collect()
    }
}
