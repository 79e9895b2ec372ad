use genrec_data::ItemId;
use proptest::prelude::*;

use super::*;

/// Distinct identifiers of two codes for each item, with falling scores.
fn proposals(items: usize) -> impl Strategy<Value = Proposals> {
    let list = proptest::sample::subsequence((0..9_u32).collect::<Vec<_>>(), 1..5)
        .prop_shuffle()
        .prop_flat_map(|codes| {
            let n = codes.len();
            (Just(codes), prop::collection::vec(-40_i32..0, n))
        })
        .prop_map(|(codes, mut scores)| {
            scores.sort_unstable_by(|a, b| b.cmp(a));
            codes
                .into_iter()
                .zip(scores)
                .map(|(code, score)| {
                    let identifier = Identifier::from_iter([code % 3, code / 3]);
                    Proposal::new(identifier, score as f32 / 4.0)
                })
                .collect()
        });
    prop::collection::vec(list, items).prop_map(|lists| Proposals::new(lists).unwrap())
}

/// Any table of so many items out of 3 x 3 codewords and a third level.
fn before(items: usize) -> IdentifierTable {
    let identifiers = (0..items as u32).map(|item| Identifier::from_iter([item % 3, item / 3 % 3]));
    IdentifierTable::new(identifiers.collect())
        .unwrap()
        .with_codebook_sizes(vec![3, 3])
        .unwrap()
}

/// How many items get a proposal and what the scores add up to.
fn worth(proposals: &Proposals, chosen: &[Option<usize>]) -> (usize, f64) {
    let scores = chosen
        .iter()
        .enumerate()
        .filter_map(|(item, place)| Some(f64::from(proposals.of(item)[(*place)?].score)));
    (chosen.iter().flatten().count(), scores.sum())
}

/// The best of all assignments, by trying them all.
fn best(proposals: &Proposals) -> (usize, f64) {
    fn go(proposals: &Proposals, chosen: &mut Vec<Option<usize>>) -> (usize, f64) {
        let item = chosen.len();
        if item == proposals.items() {
            return worth(proposals, chosen);
        }
        let mut best = (0, f64::NEG_INFINITY);
        for place in (0..proposals.of(item).len()).map(Some).chain([None]) {
            let taken = |place: usize| {
                let wanted = &proposals.of(item)[place].identifier;
                chosen.iter().enumerate().any(|(other, choice)| {
                    choice.is_some_and(|choice| &proposals.of(other)[choice].identifier == wanted)
                })
            };
            if place.is_some_and(taken) {
                continue;
            }
            chosen.push(place);
            let found = go(proposals, chosen);
            chosen.pop();
            if found.0 > best.0 || found.0 == best.0 && found.1 > best.1 {
                best = found;
            }
        }
        best
    }
    go(proposals, &mut Vec::new())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_optimal_assignment_is_the_best_of_all(proposals in proposals(5)) {
        let (count, sum) = worth(&proposals, &optimal::assign(&proposals));
        let (most, highest) = best(&proposals);
        prop_assert_eq!(count, most);
        prop_assert!((sum - highest).abs() < 1e-6, "{} {}", sum, highest);
    }

    #[test]
    fn every_assignment_gives_every_item_an_identifier_of_its_own(proposals in proposals(8)) {
        let table = before(8);
        let counts = (0..8).map(|item| item % 3).collect();
        let mut placed = Vec::new();
        for assignment in [Assignment::AsListed, Assignment::ByPopularity(counts), Assignment::ByScore, Assignment::Optimal] {
            let refined = refine(&table, &proposals, &assignment).unwrap();
            // Uniqueness is what the table is made of; what is left to see is who got what.
            for (item, identifier) in refined.table.iter() {
                let list = proposals.of(item.index());
                let proposed = list.iter().any(|proposal| &*proposal.identifier == identifier);
                prop_assert_eq!(proposed, !refined.extended.contains(&item));
                prop_assert!(proposed || identifier.starts_with(&list[0].identifier));
            }
            let moved = table.iter().zip(refined.table.iter()).filter(|(a, b)| a.1 != b.1).count();
            prop_assert_eq!(refined.changed, moved as f64 / 8.0);
            prop_assert!(refined.table.codebook_sizes()[..2] == [3, 3]);
            placed.push(8 - refined.extended.len());
        }
        prop_assert!(placed.iter().all(|&other| other <= placed[3]));
    }

    #[test]
    fn choosing_in_order_takes_the_best_that_is_free(proposals in proposals(8)) {
        let chosen = assign::in_order(&proposals, 0..8);
        for (item, choice) in chosen.iter().enumerate() {
            let free = |place: &usize| {
                let wanted = &proposals.of(item)[*place].identifier;
                (0..item).all(|other| chosen[other].is_none_or(|place| &proposals.of(other)[place].identifier != wanted))
            };
            prop_assert_eq!(*choice, (0..proposals.of(item).len()).find(free));
        }
    }
}

fn list(list: &[(&[u32], f32)]) -> Vec<Proposal> {
    let proposal =
        |(codes, score): &(&[u32], f32)| Proposal::new(codes.iter().copied().collect(), *score);
    list.iter().map(proposal).collect()
}

#[test]
fn an_item_for_which_nothing_is_left_gets_one_code_more() {
    let same: &[(&[u32], f32)] = &[(&[1, 2], -1.0)];
    let taken: &[(&[u32], f32)] = &[(&[1, 2, 0], -1.0)];
    let proposals = Proposals::new(vec![list(same), list(same), list(taken), list(same)]).unwrap();
    let refined = refine(&before(4), &proposals, &Assignment::AsListed).unwrap();
    let written: Vec<String> = (0..4)
        .map(|item| Identifier::from(refined.table.identifier(ItemId::new(item))).to_string())
        .collect();
    // The item that proposed `<c_0>` itself has it; the count goes on behind it.
    assert_eq!(
        written,
        [
            "<a_1><b_2>",
            "<a_1><b_2><c_1>",
            "<a_1><b_2><c_0>",
            "<a_1><b_2><c_2>"
        ]
    );
    assert_eq!(refined.extended, [ItemId::new(1), ItemId::new(3)]);
    assert_eq!(refined.collision_rate, 0.5);
}

#[test]
fn orders_differ_where_several_want_the_same() {
    let proposals = Proposals::new(vec![
        list(&[(&[0, 0], -2.0), (&[0, 1], -2.5)]),
        list(&[(&[0, 0], -1.0), (&[0, 2], -9.0)]),
        list(&[(&[0, 0], -3.0), (&[1, 1], -3.5)]),
    ])
    .unwrap();
    let first = |assignment: Assignment| {
        let refined = refine(&before(3), &proposals, &assignment).unwrap();
        refined
            .table
            .item(&Identifier::from_iter([0, 0]))
            .unwrap()
            .get()
    };
    assert_eq!(first(Assignment::AsListed), 0);
    assert_eq!(first(Assignment::ByPopularity(vec![1, 2, 3])), 2);
    assert_eq!(first(Assignment::ByScore), 1);
    assert_eq!(first(Assignment::Optimal), 1);
}

#[test]
fn what_does_not_fit_is_refused_with_the_place() {
    let message = |proposals: Result<Proposals>| proposals.unwrap_err().to_string();
    assert!(message(Proposals::new(vec![])).contains("at least one item"));
    let one = list(&[(&[0, 0], -1.0)]);
    assert!(message(Proposals::new(vec![one.clone(), vec![]])).contains("for item 1"));
    assert!(message(Proposals::new(vec![list(&[(&[0], f32::NAN)])])).contains("NaN"));
    assert!(
        message(Proposals::new(vec![list(&[(&[0], -2.0), (&[1], -1.0)])])).contains("-1 after -2")
    );
    assert!(message(Proposals::new(vec![list(&[(&[0], -1.0), (&[0], -2.0)])])).contains("<a_0>"));
    let refused = |table: &IdentifierTable, lists, assignment| {
        refine(table, &Proposals::new(lists).unwrap(), &assignment)
            .unwrap_err()
            .to_string()
    };
    let large = vec![list(&[(&[0, 3], -1.0)]), one.clone()];
    assert!(
        refused(&before(2), large, Assignment::Optimal)
            .contains("item 0, level 1: expected a code below 3")
    );
    assert!(refused(&before(2), vec![one.clone()], Assignment::AsListed).contains("2 items"));
    let counts = Assignment::ByPopularity(vec![1]);
    assert!(refused(&before(2), vec![one.clone(), one], counts).contains("1 popularities"));
}

#[test]
fn without_repair_items_share_what_they_want() {
    let proposal = |codes: [u32; 2], score| Proposal::new(Identifier::from_iter(codes), score);
    let proposals = Proposals::new(vec![
        vec![proposal([0, 1], -0.5), proposal([1, 1], -0.6)],
        vec![proposal([0, 1], -0.1), proposal([1, 1], -0.2)],
        vec![proposal([0, 1], -0.3)],
    ])
    .unwrap();
    let (table, listed) = (before(3), Assignment::AsListed);
    let refined = refine(&table, &proposals, &listed).unwrap();
    assert_eq!(refined.places, [Some(0), Some(1), None]);
    assert_eq!(
        [0, 1, 2].map(|k| refined.coverage(k)),
        [0.0, 1.0 / 3.0, 2.0 / 3.0]
    );
    let names = |tokens: &ItemTokens| [0, 1, 2].map(|item| tokens.name(ItemId::new(item)));
    let collided = refine_collided(&table, &proposals, &listed).unwrap();
    assert_eq!(names(&collided), ["<a_0><b_1>", "<a_1><b_1>", "<a_0><b_1>"]);
    assert_eq!(collided.group_items(0), [0, 2].map(ItemId::new));
    // Everybody takes the first.
    let first = refine_collided(&table, &proposals.clone().truncated(1), &listed).unwrap();
    assert_eq!(first.groups(), 1);
    // Of any lengths, also beyond the levels of the table.
    let longer = Proposal::new(Identifier::from_iter([0, 1, 2]), -0.1);
    let shorter = vec![Proposal::new(Identifier::from_iter([0]), -0.1)];
    let mixed = Proposals::new(vec![vec![longer], shorter.clone(), shorter]).unwrap();
    let collided = refine_collided(&table, &mixed, &listed).unwrap();
    assert_eq!(names(&collided), ["<a_0><b_1><c_2>", "<a_0>", "<a_0>"]);
    assert_eq!(collided.groups(), 2);
    assert_eq!(collided.vocabulary().codebook_sizes(), [3, 3, 3]);
    for codes in [vec![0, 1, 3], vec![0, 1, 0, 0]] {
        let far = Proposal::new(Identifier::from_iter(codes), -0.1);
        let other = |code| vec![proposal([code, 0], -0.1)];
        let far = Proposals::new(vec![vec![far], other(0), other(1)]).unwrap();
        let error = refine(&table, &far, &listed).unwrap_err().to_string();
        assert!(error.contains("for item 0"), "{error}");
    }
}

#[test]
fn levels_that_others_stand_behind_get_no_more_codes() {
    let identifiers = (0..6).map(|item| Identifier::from_iter([item / 4, item / 2 % 2, item % 2]));
    let table = IdentifierTable::new(identifiers.collect()).unwrap();
    assert_eq!(table.codebook_sizes(), [2, 2, 2]);
    let refined = |rows: [&[u32]; 6]| {
        let lists = rows.map(|codes| list(&[(codes, -1.0)]));
        let proposals = Proposals::new(lists.to_vec()).unwrap();
        let refined = refine(&table, &proposals, &Assignment::AsListed).unwrap();
        let written = refined.table.iter();
        let written = written.map(|(_, codes)| Identifier::from(codes).to_string());
        let sizes = refined.table.codebook_sizes().to_vec();
        (written.collect::<Vec<_>>(), sizes)
    };
    // Nothing stands behind the last level.
    let (written, sizes) = refined([&[1, 0], &[1, 0], &[1, 0], &[1, 0], &[0, 0], &[0, 1]]);
    assert_eq!(
        written[1..4],
        ["<a_1><b_0><c_0>", "<a_1><b_0><c_1>", "<a_1><b_0><c_2>"]
    );
    assert_eq!(sizes, [2, 2, 3]);
    // Here something does.
    let whole: &[u32] = &[0, 0, 1];
    let (written, sizes) = refined([&[1, 0], &[1, 0], &[1, 0], &[1, 0], whole, whole]);
    assert_eq!(
        written[1..4],
        ["<a_1><b_0><c_0>", "<a_1><b_0><c_1>", "<a_1><b_0><c_0><d_0>"]
    );
    assert_eq!(written[5], "<a_0><b_0><c_1><d_0>");
    assert_eq!(sizes, [2, 2, 2, 1]);
    // A first level that is too small for all goes on into the others.
    let (written, sizes) = refined([&[1]; 6]);
    let expected = [
        "<a_1>",
        "<a_1><b_0>",
        "<a_1><b_1>",
        "<a_1><b_0><c_0>",
        "<a_1><b_0><c_1>",
        "<a_1><b_0><c_2>",
    ];
    assert_eq!(
        (written, sizes),
        (expected.map(String::from).to_vec(), vec![2, 2, 3])
    );
}

#[test]
fn what_was_not_written_counts_for_nothing() {
    let table = before(4);
    let own = |item: u32| Identifier::from(table.identifier(ItemId::new(item)));
    let same: &[(&[u32], f32)] = &[(&[2, 2], -1.0)];
    let lists = vec![Vec::new(), list(same), list(same), Vec::new()];
    assert!(Proposals::new(lists.clone()).is_err());
    let proposals = Proposals::or_kept(lists, &table).unwrap();
    assert_eq!(proposals.kept(), [0, 3].map(ItemId::new));
    assert_eq!(proposals.of(3), [Proposal::new(own(3), -1.0)]);
    // Of the two for which something was written, one gets it.
    let refined = refine(&table, &proposals, &Assignment::AsListed).unwrap();
    assert_eq!((refined.collision_rate, refined.coverage(1)), (0.5, 0.5));
    assert_eq!(refined.kept, proposals.kept());
    // That nothing was written at all does not pass for a success.
    let nothing = Proposals::or_kept(vec![Vec::new(); 4], &table).unwrap();
    let refined = refine(&table, &nothing, &Assignment::AsListed).unwrap();
    assert_eq!((refined.collision_rate, refined.coverage(1)), (0.0, 0.0));
    assert_eq!((refined.kept.len(), refined.changed), (4, 0.0));
    assert!(Proposals::or_kept(vec![Vec::new(); 3], &table).is_err());
}
