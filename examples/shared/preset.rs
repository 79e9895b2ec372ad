//! How much is spent on a run of LETTER-TIGER.

use clap::ValueEnum;
use genrec::collaborative::{LightGcnConfig, Score, SequentialConfig};
use genrec::identify::Vocabulary;
use genrec::identify::letter::LetterConfig;
use genrec::model::lora::LoraConfig;
use genrec::model::set::SetRecConfig;
use genrec::model::siit::SiitConfig;
use genrec::model::{SequenceModelConfig, TokenRecConfig, TrainingConfig};
use genrec::quantize::RowError;

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Preset {
    /// A few minutes on two cores: for the synthetic catalogue.
    Demo,
    /// Within half an hour on two cores, for a catalogue of a few thousand items.
    Quick,
    /// As in the papers.
    Paper,
}

impl Preset {
    pub(crate) fn tokenizer(self, d_text: usize) -> LetterConfig {
        match self {
            Self::Demo => {
                // For so few steps mean squares and a small weight do better on validation: NDCG@10 .137 against .124.
                let mut config = LetterConfig::quick(d_text);
                config.training.epochs = 60;
                config.rqvae.quantizer.error = RowError::MeanSquare;
                if let Some(term) = &mut config.collaborative {
                    term.weight = 0.02;
                }
                config
            }
            Self::Quick => LetterConfig::quick(d_text),
            Self::Paper => LetterConfig::paper(d_text),
        }
    }

    /// The model whose rows tell LETTER what people did; SASRec if it is none of its own. LETTER's paper takes SASRec; on validation LightGCN's rows gave the better
    /// identifiers, on the synthetic catalogue (NDCG@10 .140 against .130) and on Amazon's Scientific (.071 against .066).
    pub(crate) fn lightgcn(self) -> Option<LightGcnConfig> {
        match self {
            Self::Demo | Self::Quick => Some(LightGcnConfig::new()),
            Self::Paper => None,
        }
    }

    pub(crate) fn sasrec(self) -> SequentialConfig {
        match self {
            Self::Demo | Self::Quick => SequentialConfig::sasrec(),
            // LETTER compares its rows with codewords as they are, by dot products and of their width.
            Self::Paper => SequentialConfig::sasrec()
                .with_d_model(32)
                .with_score(Score::DotProduct),
        }
    }

    pub(crate) fn sasrec_training(self) -> TrainingConfig {
        match self {
            Self::Demo => SequentialConfig::training()
                .with_epochs(20)
                .with_validate_every(4),
            Self::Quick | Self::Paper => SequentialConfig::training(),
        }
    }

    pub(crate) fn model(self, vocabulary: &Vocabulary) -> SequenceModelConfig {
        match self {
            Self::Demo => {
                let config = SequenceModelConfig::quick(vocabulary);
                let t5 = config.t5.clone().with_d_model(128).with_d_ff(256);
                let t5 = t5.with_n_heads(4).with_dropout(0.15);
                SequenceModelConfig { t5, ..config }
            }
            Self::Quick => SequenceModelConfig::quick(vocabulary),
            Self::Paper => SequenceModelConfig::paper(vocabulary),
        }
    }

    pub(crate) fn tokenrec(self, d_row: usize) -> TokenRecConfig {
        match self {
            Self::Demo | Self::Quick => TokenRecConfig::quick(d_row),
            Self::Paper => TokenRecConfig::paper(d_row),
        }
    }

    pub(crate) fn tokenrec_training(self) -> TrainingConfig {
        let quick = TrainingConfig::quick()
            .with_learning_rate(2e-3)
            .with_weight_decay(0.05);
        match self {
            Self::Demo => quick.with_epochs(9).with_validate_every(3),
            Self::Quick => quick.with_epochs(40).with_validate_every(4),
            Self::Paper => TrainingConfig::new().with_accumulation(1),
        }
    }

    pub(crate) fn setrec(self) -> SetRecConfig {
        match self {
            Self::Demo | Self::Quick => SetRecConfig::quick(),
            Self::Paper => SetRecConfig::paper(),
        }
    }

    /// Every step works out the tokens of all items, so batches are large.
    pub(crate) fn setrec_training(self) -> TrainingConfig {
        let training = match self {
            Self::Demo => TrainingConfig::quick().with_validate_every(5),
            Self::Quick => TrainingConfig::quick().with_validate_every(2),
            Self::Paper => TrainingConfig::new()
                .with_epochs(30)
                .with_learning_rate(1e-3),
        };
        let batch = if self == Self::Paper { 512 } else { 256 };
        training
            .with_batch_size(batch)
            .with_accumulation(1)
            .with_piece_rows(Some(32))
    }

    pub(crate) fn siit(self) -> SiitConfig {
        let mut config = match self {
            Self::Demo | Self::Quick => SiitConfig::quick(),
            Self::Paper => return SiitConfig::paper(),
        };
        if self == Self::Demo {
            for (training, epochs) in [
                (&mut config.warm_up, 20),
                (&mut config.alignment, 20),
                (&mut config.next_item, 8),
            ] {
                let less = training.clone().with_epochs(epochs).with_validate_every(4);
                *training = less
                    .with_samples_per_epoch(Some(2304))
                    .with_validation_users(200);
            }
        }
        config
    }

    /// LC-Rec: the paper tunes LLaMA-7B for 4 epochs at 1e-4.
    pub(crate) fn instructions(self) -> TrainingConfig {
        match self {
            Self::Demo => SiitConfig::quick()
                .next_item
                .with_epochs(8)
                .with_validate_every(4)
                .with_samples_per_epoch(Some(2048))
                .with_validation_users(200),
            Self::Quick => SiitConfig::quick()
                .next_item
                .with_epochs(20)
                .with_validate_every(5),
            Self::Paper => TrainingConfig::new()
                .with_epochs(4)
                .with_batch_size(128)
                .with_accumulation(1)
                .with_learning_rate(1e-4),
        }
    }

    /// The items of a history that LC-Rec reads.
    pub(crate) fn lcrec_history(self) -> usize {
        match self {
            Self::Demo | Self::Quick => 10,
            Self::Paper => 20,
        }
    }

    /// LC-Rec's adapters of a pretrained model; none where all weights are trained, as those of a model that starts from nothing have to be.
    pub(crate) fn lora(self, pretrained: bool) -> Option<LoraConfig> {
        match self {
            Self::Paper if pretrained => Some(LoraConfig::new()),
            Self::Demo | Self::Quick | Self::Paper => None,
        }
    }

    pub(crate) fn training(self) -> TrainingConfig {
        match self {
            Self::Demo => TrainingConfig::quick()
                .with_epochs(16)
                .with_learning_rate(5e-3)
                .with_validate_every(4)
                .with_validation_users(1_000),
            Self::Quick => TrainingConfig::quick(),
            Self::Paper => TrainingConfig::paper(),
        }
    }
}
