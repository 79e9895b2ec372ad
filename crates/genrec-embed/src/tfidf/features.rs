/// Words and pairs of neighbouring words, hashed into a fixed number of buckets.
#[derive(Clone, Debug)]
pub(super) struct Features {
    buckets: u32,
    bigrams: bool,
}

impl Features {
    pub(super) fn new(buckets: u32, bigrams: bool) -> Self {
        Self { buckets, bigrams }
    }

    /// The features of a text and how often each occurs, features ascending.
    pub(super) fn count(&self, text: &str) -> Vec<(u32, u32)> {
        let text = text.to_lowercase();
        let mut features = Vec::new();
        let mut previous: Option<Hash> = None;
        for word in text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
        {
            let hash = Hash::new().bytes(word);
            features.push(self.bucket(hash));
            if let Some(previous) = previous.filter(|_| self.bigrams) {
                features.push(self.bucket(previous.bytes(" ").bytes(word)));
            }
            previous = Some(hash);
        }
        features.sort_unstable();
        features
            .chunk_by(|a, b| a == b)
            .map(|same| (same[0], same.len() as u32))
            .collect()
    }

    fn bucket(&self, hash: Hash) -> u32 {
        // The high bits of a product: an even share of the hashes for each bucket, whatever their number.
        ((u128::from(mix(hash.0)) * u128::from(self.buckets)) >> 64) as u32
    }

    /// The bucket of a word, or of a pair of words joined by a space, lowercase.
    #[cfg(test)]
    pub(super) fn of(&self, term: &str) -> u32 {
        self.bucket(Hash::new().bytes(term))
    }
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo): the standard library does not promise the same hash in its next version.
#[derive(Clone, Copy)]
struct Hash(u64);

impl Hash {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn bytes(self, text: &str) -> Self {
        Self(text.bytes().fold(self.0, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        }))
    }
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators"): every bit of the
/// result depends on every bit of `x`.
pub(super) fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_pairs_are_counted() {
        let features = Features::new(1 << 30, true);
        let mut expected = vec![
            (features.of("big"), 2),
            (features.of("dog"), 1),
            (features.of("big big"), 1),
            (features.of("big dog"), 1),
        ];
        expected.sort_unstable();
        assert_eq!(features.count("Big, BIG dog!"), expected);
        assert_eq!(
            Features::new(1 << 30, false).count("Big, BIG dog!").len(),
            2
        );
    }

    /// From the reference test vectors of FNV-1a 64.
    #[test]
    fn the_hash_is_fnv_1a() {
        assert_eq!(Hash::new().bytes("a").0, 0xaf63_dc4c_8601_ec8c);
        assert_eq!(Hash::new().bytes("foobar").0, 0x8594_4171_f739_67e8);
    }

    #[test]
    fn buckets_are_used_evenly() {
        let features = Features::new(10, false);
        let mut used = [0; 10];
        for i in 0..10_000 {
            used[features.of(&format!("word{i}")) as usize] += 1;
        }
        assert!(
            used.iter().all(|&count| (880..1120).contains(&count)),
            "{used:?}"
        );
    }
}
