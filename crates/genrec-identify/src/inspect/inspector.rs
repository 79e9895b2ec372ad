use genrec_data::{Catalog, Interactions};
use genrec_embed::Embeddings;

use super::{
    CollisionReport, FirstCodes, Identifiers, InspectConfig, Inspection, Level, Neighbourhood,
    Reference, Traffic, churn, correlation, identifiers::Columns, levels, overlap, prefixes,
    purity, reference::Neighbours, report, retrieval,
};
use crate::{Error, Result};

/// Inspects tables of the same items, with what is known about the items beside them.
///
/// Nearest neighbours are searched when embeddings are given, once for all tables: 12,000 rows of 384 take a few seconds on two cores. At
/// no time are more than a few blocks of the similarities in memory.
pub struct Inspector<'a> {
    config: InspectConfig,
    catalog: Option<&'a Catalog>,
    interactions: Option<&'a Interactions>,
    neighbours: Vec<Neighbours>,
    against: Option<Against<'a>>,
}

struct Against<'a> {
    name: String,
    identifiers: &'a Identifiers,
}

impl<'a> Inspector<'a> {
    /// An inspector that knows nothing but tables yet.
    ///
    /// # Errors
    ///
    /// A configuration that makes no sense.
    pub fn new(config: InspectConfig) -> Result<Self> {
        config.check()?;
        Ok(Self {
            config,
            catalog: None,
            interactions: None,
            neighbours: Vec::new(),
            against: None,
        })
    }

    /// Adds titles and categories.
    #[must_use]
    pub fn with_catalog(mut self, catalog: &'a Catalog) -> Self {
        self.catalog = Some(catalog);
        self
    }

    /// Adds embeddings of what items say, `[items, dim]`; they are compared by cosine.
    #[must_use]
    pub fn with_text(self, embeddings: &Embeddings) -> Self {
        self.with_embeddings(Reference::Text, embeddings)
    }

    /// Adds embeddings of what people did with items, `[items, dim]`; they are compared by cosine.
    #[must_use]
    pub fn with_collaborative(self, embeddings: &Embeddings) -> Self {
        self.with_embeddings(Reference::Collaborative, embeddings)
    }

    fn with_embeddings(self, reference: Reference, embeddings: &Embeddings) -> Self {
        let found = Neighbours::of_embeddings(reference, embeddings, self.config.most());
        self.with_neighbours(found)
    }

    /// Adds who took what: neighbours by co-occurrence, and how often items are taken.
    #[must_use]
    pub fn with_interactions(mut self, interactions: &'a Interactions) -> Self {
        self.interactions = Some(interactions);
        let found = Neighbours::of_interactions(interactions, self.config.most());
        self.with_neighbours(found)
    }

    fn with_neighbours(mut self, found: Neighbours) -> Self {
        self.neighbours
            .retain(|known| known.reference != found.reference);
        self.neighbours.push(found);
        self
    }

    /// Compares tables with another one.
    #[must_use]
    pub fn with_against(mut self, name: impl Into<String>, identifiers: &'a Identifiers) -> Self {
        self.against = Some(Against {
            name: name.into(),
            identifiers,
        });
        self
    }

    /// Inspects a table.
    ///
    /// # Errors
    ///
    /// A part that is not of as many items as the table, interactions that are empty, and embeddings or interactions by which no item has
    /// a neighbour.
    pub fn inspect(
        &self,
        name: impl Into<String>,
        identifiers: &Identifiers,
    ) -> Result<Inspection> {
        let name = name.into();
        self.check(&name, identifiers.items())?;
        let (items, config) = (identifiers.items(), &self.config);
        let columns = Columns::of(identifiers);
        let tokens = prefixes::tokens(identifiers);
        let partitions = prefixes::partitions(identifiers);
        let collisions = report::collisions(&tokens);
        let sizes = identifiers.codebook_sizes();
        let usage = levels::usage(&columns, sizes, |_| 1);
        let first_codes = FirstCodes::new(&usage[0].counts, config.first_code_group);
        let levels = usage
            .into_iter()
            .zip(&partitions)
            .zip(prefixes::branching(&tokens));
        let levels = levels.map(|((usage, partition), branching)| {
            Level::new(usage, prefixes::groups(partition), items, branching)
        });
        let lengths = || identifiers.rows().iter().map(|codes| codes.len());
        let traffic = |interactions| {
            Traffic::new(
                &columns,
                sizes,
                &tokens,
                interactions,
                config.first_code_group,
            )
        };
        let categories =
            |catalog| purity::purity(catalog, &partitions, config.permutations, config.seed);
        let churn = |against: &Against<'_>| {
            let other = Columns::of(against.identifiers);
            let others = prefixes::partitions(against.identifiers);
            churn::churn(&against.name, [&columns, &other], [&partitions, &others])
        };
        Ok(Inspection {
            name,
            items,
            lengths: (lengths().min().unwrap_or(0), lengths().max().unwrap_or(0)),
            distinct: collisions.distinct(),
            collision_rate: collisions.rate(),
            collisions: CollisionReport::new(
                identifiers,
                &collisions,
                self.catalog,
                config.groups_listed,
            ),
            levels: levels.collect(),
            first_codes,
            categories: self.catalog.map(categories).unwrap_or_default(),
            neighbours: self
                .neighbours
                .iter()
                .map(|found| self.compare(&columns, found))
                .collect(),
            traffic: self.interactions.map(traffic),
            churn: self.against.as_ref().map(churn),
            reconstruction: None,
        })
    }

    fn compare(&self, columns: &Columns, found: &Neighbours) -> Neighbourhood {
        let correlate =
            |rows| correlation::correlation(columns, rows, self.config.pairs, self.config.seed);
        Neighbourhood {
            reference: found.reference,
            items: found.lists.iter().filter(|list| !list.is_empty()).count(),
            at: retrieval::agreement(columns, &found.lists, &self.config.ks),
            overlap: overlap::overlap(columns, &found.lists),
            correlation: found.rows.as_ref().and_then(correlate),
        }
    }

    /// Whether all that is known is about as many items as the table has.
    fn check(&self, name: &str, items: usize) -> Result<()> {
        let mut parts = Vec::new();
        parts.extend(
            self.catalog
                .map(|catalog| ("the catalogue".to_owned(), catalog.len())),
        );
        parts.extend(
            self.interactions
                .map(|known| ("the interactions".to_owned(), known.items())),
        );
        for found in &self.neighbours {
            parts.push((
                format!("the {} neighbours", found.reference),
                found.lists.len(),
            ));
        }
        if let Some(against) = &self.against {
            parts.push((
                format!("the table {}", against.name),
                against.identifiers.items(),
            ));
        }
        for (what, found) in parts {
            if found != items {
                return Err(Error::Shape {
                    expected: format!(
                        "{what} to be of the {items} items of the table {name}, from the same catalogue in the same order"
                    ),
                    found: format!("{found} items"),
                });
            }
        }
        if self.interactions.is_some_and(Interactions::is_empty) {
            return Err(Error::Shape {
                expected: "at least one interaction".to_owned(),
                found: "none".to_owned(),
            });
        }
        match self
            .neighbours
            .iter()
            .find(|found| found.lists.iter().all(Vec::is_empty))
        {
            None => Ok(()),
            Some(found) => Err(Error::Shape {
                expected: format!("at least one item with a neighbour ({})", found.reference),
                found: "none: fewer than two rows that are not zero, or no history of two items"
                    .to_owned(),
            }),
        }
    }
}
