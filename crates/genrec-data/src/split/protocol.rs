//! How a split was made, so that a report can say it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a split was made. Figures of two protocols cannot stand in one table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SplitProtocol {
    /// The last item of each user is tested on, the last but one validated on: [`leave_one_out`](crate::leave_one_out).
    LeaveOneOut,
    /// The oldest interactions are trained on, the newest tested on: [`time_ratio`](crate::time_ratio).
    TimeRatio {
        /// The shares of training, validation and test; they add up to 1.
        ratios: [f64; 3],
    },
    /// The parts are those of the files that the data come in, such as [`TemporalJson`](crate::readers::TemporalJson)'s.
    Published,
}

impl fmt::Display for SplitProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LeaveOneOut => f.write_str("leave-one-out"),
            Self::TimeRatio { ratios } => {
                let [train, validation, test] = ratios.map(|ratio| 100.0 * ratio);
                write!(f, "by time {train:.0} : {validation:.0} : {test:.0}")
            }
            Self::Published => f.write_str("as published"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_survive_json_and_read_well() {
        let ratio = SplitProtocol::TimeRatio {
            ratios: [0.8, 0.1, 0.1],
        };
        for protocol in [
            SplitProtocol::LeaveOneOut,
            ratio.clone(),
            SplitProtocol::Published,
        ] {
            let json = serde_json::to_string(&protocol).unwrap();
            assert_eq!(
                serde_json::from_str::<SplitProtocol>(&json).unwrap(),
                protocol
            );
        }
        assert_eq!(ratio.to_string(), "by time 80 : 10 : 10");
        assert_eq!(SplitProtocol::LeaveOneOut.to_string(), "leave-one-out");
    }
}
