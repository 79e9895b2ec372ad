//! One line of reviews.

use std::{borrow::Cow, marker::PhantomData};

use serde::Deserialize;

use super::AmazonRelease;
use crate::{
    Result,
    readers::{events::Moment, json::read_line, source::Line},
};

/// What the reader takes from a review.
pub(super) struct Review<'a> {
    pub(super) user: Cow<'a, str>,
    pub(super) item: Cow<'a, str>,
    pub(super) moment: Moment,
    pub(super) rating: Option<f64>,
}

#[derive(Deserialize)]
struct Before2023<'a> {
    #[serde(rename = "reviewerID", borrow)]
    user: Cow<'a, str>,
    #[serde(borrow)]
    asin: Cow<'a, str>,
    #[serde(rename = "unixReviewTime")]
    seconds: i64,
    overall: Option<f64>,
}

#[derive(Deserialize)]
struct Of2023<'a> {
    #[serde(rename = "user_id", borrow)]
    user: Cow<'a, str>,
    parent_asin: Option<Cow<'a, str>>,
    asin: Option<Cow<'a, str>>,
    #[serde(rename = "timestamp")]
    milliseconds: i64,
    rating: Option<f64>,
}

pub(super) fn read<'a>(line: &Line<'a>, release: AmazonRelease) -> Result<Review<'a>> {
    let shape = release.reviews();
    if release != AmazonRelease::Of2023 {
        let review = read_line(line, shape, PhantomData::<Before2023<'a>>)?;
        return Ok(Review {
            user: review.user,
            item: review.asin,
            moment: Moment::from_seconds(review.seconds),
            rating: review.overall,
        });
    }
    let review = read_line(line, shape, PhantomData::<Of2023<'a>>)?;
    let Some(item) = review.parent_asin.or(review.asin) else {
        return Err(line.malformed(
            "\"parent_asin\" or \"asin\"",
            "neither",
            format!("the file should be {shape}"),
        ));
    };
    Ok(Review {
        user: review.user,
        item,
        moment: Moment::from_milliseconds(review.milliseconds),
        rating: review.rating,
    })
}
