//! What takes part in a step: all pieces of a batch, and no item that nobody met.

use super::*;

#[test]
fn pieces_of_a_batch_have_the_loss_of_the_whole() {
    let device = Device::default().autodiff();
    let rows = rows();
    let interactions = histories(true);
    for over in [Reconstruction::Items, Reconstruction::History] {
        let config = small().with_reconstruction(over);
        let model = config.init(&rows, &device).unwrap();
        let samples = genrec_train::Samples::new(&interactions, 20, false);
        let task = crate::set::task::NextSet::of(samples, &rows, 0..ITEMS as usize);
        let loss = |rows: usize| {
            let all: Vec<usize> = (0..30).collect();
            let pieces: Vec<_> = all
                .chunks(rows)
                .map(|rows| task.batch(rows, 0, &device))
                .collect();
            let shared = task.shared(&model, &pieces.iter().collect::<Vec<_>>());
            let predictions = pieces.iter().map(|piece| task.predictions(piece)).sum();
            pieces
                .iter()
                .map(|piece| {
                    let loss = task.loss(&model, &shared, piece, predictions, 0);
                    loss.into_scalar::<f32>()
                })
                .sum::<f32>()
        };
        let whole = loss(30);
        for rows in [1, 7] {
            let pieces = loss(rows);
            assert!((whole - pieces).abs() < 1e-4, "{whole} and {pieces}");
        }
    }
}

#[test]
fn items_that_nobody_met_take_no_part() {
    let device = Device::default().autodiff();
    let model = small().init(&rows(), &device).unwrap();
    let loss = |rows: &ItemRows, train: &Interactions, part: Vec<usize>| {
        let samples = genrec_train::Samples::new(train, 20, true);
        let task = crate::set::task::NextSet::of(samples, rows, part.into_iter());
        let batch = task.batch(&[0, 1, 2, 3], 0, &device);
        let shared = task.shared(&model, &[&batch]);
        let loss = task.loss(&model, &shared, &batch, task.predictions(&batch), 0);
        (shared[0].dims()[0], loss.into_scalar::<f32>())
    };
    // Nobody met item 3.
    let met: Vec<ItemId> = (0..ITEMS)
        .filter(|&item| item != 3)
        .map(ItemId::new)
        .collect();
    let places: Vec<usize> = met.iter().map(|item| item.index()).collect();
    let lists = (0..80).map(|user| {
        (0..7)
            .map(|place| met[(user + place) % met.len()])
            .collect()
    });
    let train = Interactions::new(ITEMS as usize, lists.collect()).unwrap();
    let (items, without) = loss(&rows(), &train, places.clone());
    assert_eq!(items, met.len());
    // As if there were no such item.
    let fewer = ItemRows {
        collaborative: rows().collaborative.map(|rows| rows.select(&places)),
        text: rows().text.map(|rows| rows.select(&places)),
    };
    let renumbered = train.renumbered(&met).unwrap();
    let (_, expected) = loss(&fewer, &renumbered, (0..met.len()).collect());
    assert!(
        (without - expected).abs() < 1e-5,
        "{without} and {expected}"
    );
    // Where it is an answer that is never right, the loss is another.
    let (items, with) = loss(&rows(), &train, (0..ITEMS as usize).collect());
    assert_eq!(items, ITEMS as usize);
    assert!((with - without).abs() > 1e-3, "{with} and {without}");
}

#[test]
fn what_an_unmet_item_says_changes_nothing_unless_it_takes_part() {
    // Nobody meets item 3.
    let lists = histories(false);
    let lists = lists.iter().map(|(_, history)| {
        let met = history.iter().filter(|item| item.get() != 3);
        met.copied().collect()
    });
    let split = leave_one_out(&Interactions::new(ITEMS as usize, lists.collect()).unwrap());
    let split = split.unwrap();
    let trained = |unmet_items: bool, says: f32| {
        let mut rows = rows();
        for rows in [&mut rows.collaborative, &mut rows.text] {
            let mut changed = rows.take().unwrap().into_array();
            changed.row_mut(3).fill(says);
            *rows = Some(Embeddings::new(changed).unwrap());
        }
        let config = small().with_unmet_items(unmet_items);
        let model = config.init(&rows, &Device::default()).unwrap();
        let training = TrainingConfig::new()
            .with_epochs(1)
            .with_batch_size(40)
            .with_accumulation(1)
            .with_learning_rate(1e-2);
        let folder = tempfile::tempdir().unwrap();
        let trained = SetTrainer::new(training, folder.path())
            .fit(model, &rows, &split.train, &split.validation, |_| {})
            .unwrap();
        let queries = trained.model.queries.val().into_data();
        queries.iter::<f32>().collect::<Vec<_>>()
    };
    assert_eq!(trained(false, 0.5), trained(false, -2.0));
    assert_ne!(trained(true, 0.5), trained(true, -2.0));
}
