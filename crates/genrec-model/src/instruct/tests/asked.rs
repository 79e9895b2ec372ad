//! What is asked, in words.

use genrec_metrics::{Query, Ranked, Recommender};

use super::*;

#[test]
fn exchanges_say_what_the_templates_say() {
    let histories = histories(false);
    let all = instructions(&histories)
        .with_max_history(3)
        .with_next_item()
        .with_mixed_histories()
        .with_alignment()
        .with_searches([(ItemId::new(2), String::from("something blue"))])
        .unwrap()
        .with_preferences([(UserId::new(1), String::from("likes circles"))])
        .unwrap();
    // Five prefixes of 60 users, twice; item 5 says nothing.
    assert_eq!(all.len(), 2 * 300 + 2 * 11 + 2);
    let read = |sample, seed| {
        let exchange = all.exchange(sample, seed).unwrap();
        let text = all.text();
        (
            text.decode(&exchange.prompt).unwrap(),
            text.decode(&exchange.response).unwrap(),
            exchange,
        )
    };
    let (prompt, response, exchange) = read(4, 0);
    assert!(
        prompt.contains("<a_2><b_0>, <a_3><b_0>, <a_0><b_1>"),
        "{prompt}"
    );
    assert!(!prompt.contains("<a_1><b_0>"), "{prompt}");
    assert_eq!(
        (response.as_str(), exchange.response.len()),
        ("<a_1><b_1>", 2)
    );
    let wordings: std::collections::HashSet<String> =
        (0..200).map(|seed| read(4, seed).0).collect();
    assert_eq!(wordings.len(), 15);
    assert_eq!(read(4, 7).2, read(4, 7).2);

    let mixed: Vec<String> = (0..50).map(|seed| read(304, seed).0).collect();
    assert!(
        mixed
            .iter()
            .any(|prompt| prompt.contains("thing number 2, <a_3><b_0>")),
        "{mixed:?}"
    );
    let (prompt, response, _) = read(600, 0);
    assert!(
        prompt.contains("thing number 0") && response == "<a_0><b_0>",
        "{prompt} {response}"
    );
    let (prompt, response, exchange) = read(601, 0);
    assert!(
        prompt.contains("<a_0><b_0>") && response == "thing number 0",
        "{prompt} {response}"
    );
    assert_eq!(exchange.response.last(), Some(&1));
    let (prompt, response, _) = read(622, 0);
    assert!(
        prompt.contains("something blue") && response == "<a_2><b_0>",
        "{prompt} {response}"
    );
    let (prompt, response, _) = read(623, 0);
    assert!(
        prompt.contains("<a_2><b_1>") && response == "likes circles",
        "{prompt} {response}"
    );

    let refused = all
        .clone()
        .with_searches([(ItemId::new(12), String::new())]);
    assert!(refused.unwrap_err().to_string().contains("item 12"));
    assert!(
        all.with_preferences([(UserId::new(60), String::new())])
            .is_err()
    );
}

#[test]
fn titles_in_mixed_histories_are_cut_as_texts_are() {
    let histories = histories(false);
    let all = instructions(&histories)
        .with_max_text(1)
        .with_mixed_histories();
    let prompts = (0..50).map(|seed| {
        let prompt = all.exchange(4, seed).unwrap().prompt;
        all.text().decode(&prompt).unwrap()
    });
    let prompts: Vec<String> = prompts.collect();
    let by_identifier = |prompt: &&String| prompt.contains("<a_2><b_0>");
    let found = prompts.iter().filter(by_identifier).count();
    assert!(0 < found && found < 50, "{prompts:?}");
    // Nobody's title is that short.
    assert!(!prompts.iter().any(|prompt| prompt.contains("thing number")));
}

#[test]
#[should_panic(expected = "call `with_question` before `with_next_item`")]
fn what_was_added_is_not_asked_in_another_way() {
    let all = instructions(&histories(false)).with_next_item();
    let _ = all.with_question(Question::WholeHistory);
}

#[test]
#[should_panic(expected = "call `with_max_history` before `with_next_item`")]
fn whole_histories_are_not_cut_again() {
    let all = instructions(&histories(false))
        .with_question(Question::WholeHistory)
        .with_next_item();
    let _ = all.with_max_history(3);
}

#[test]
fn settings_that_change_nothing_may_come_late() {
    let histories = histories(false);
    let whole = instructions(&histories).with_question(Question::WholeHistory);
    let whole = whole.with_max_history(4).with_next_item();
    let again = whole
        .clone()
        .with_question(Question::WholeHistory)
        .with_max_history(4);
    assert_eq!(again.len(), whole.len());
    // An instruction reads as much as it is told when it is asked.
    let late = instructions(&histories)
        .with_next_item()
        .with_max_history(3);
    let early = instructions(&histories)
        .with_max_history(3)
        .with_next_item();
    assert_eq!(late.exchange(4, 0).unwrap(), early.exchange(4, 0).unwrap());
}

#[test]
fn nothing_is_an_answer_to_who_wants_none() {
    let all = instructions(&histories(false));
    let recommender = LanguageRecommender::new("none", model(&all), all, 10).unwrap();
    let history = [ItemId::new(0)];
    let queries = [Query::anonymous(&history), Query::anonymous(&[])];
    assert_eq!(
        recommender.recommend(&queries, 0),
        [Ranked::default(), Ranked::default()]
    );
}
