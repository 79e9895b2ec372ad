use super::*;
use crate::{
    ItemId, UserId,
    readers::fixture::{Folder, by_name, gzip, real, refused},
};

const RATINGS: &str = "userId,movieId,rating,timestamp\r\n7,50,4.0,200\r\n7,10,3.5,100\r\n8,50,0.5,90\r\n7,20,5.0,100\r\n";
const MOVIES: &str = "movieId,title,genres\n10,\"Ten, The (1990)\",Comedy|Drama\n20,Twenty,(no genres listed)\n30,Unseen,War\n50,Fifty,War\n";

fn reader(ratings: impl Into<Vec<u8>>, movies: Option<&str>) -> (Folder, MovieLens) {
    let folder = Folder::new();
    let mut reader = MovieLens::new(folder.file("ratings.csv", ratings));
    if let Some(movies) = movies {
        reader = reader.with_movies(folder.file("movies.csv", movies));
    }
    (folder, reader)
}

fn read(ratings: impl Into<Vec<u8>>, movies: Option<&str>) -> Result<Dataset> {
    let (_folder, reader) = reader(ratings, movies);
    reader.read()
}

#[test]
fn ratings_come_in_time_order_with_ties_in_the_order_of_the_file() {
    let dataset = read(RATINGS, Some(MOVIES)).unwrap();
    assert_eq!(
        by_name(&dataset),
        [("7", vec!["10", "20", "50"]), ("8", vec!["50"])]
    );
    assert_eq!(
        dataset.interactions.timestamps(UserId::new(0)).unwrap(),
        [100, 100, 200]
    );
    assert_eq!(
        dataset.catalog.texts(),
        ["Fifty. War", "Ten, The (1990). Comedy, Drama", "Twenty"]
    );
}

#[test]
fn gz_gives_the_same_and_columns_may_be_in_any_order() {
    let folder = Folder::new();
    let shuffled = "timestamp,tag,movieId,userId,rating\n200,x,50,7,4.0\n100,x,10,7,3.5\n90,x,50,8,0.5\n100,x,20,7,5.0\n";
    let same = MovieLens::new(folder.file("ratings.csv.gz", gzip(shuffled.as_bytes())))
        .with_movies(folder.file("movies.csv.gz", gzip(MOVIES.as_bytes())))
        .read()
        .unwrap();
    let dataset = read(RATINGS, Some(MOVIES)).unwrap();
    assert_eq!(same.interactions, dataset.interactions);
    assert_eq!(same.catalog, dataset.catalog);
}

#[test]
fn options_filter_by_rating_and_keep_unseen_movies() {
    let (_folder, reader) = reader(RATINGS, Some(MOVIES));
    let liked = reader.clone().with_min_rating(4.0).read().unwrap();
    assert_eq!(by_name(&liked), [("7", vec!["20", "50"])]);
    let all = reader.with_unseen_items(true).read().unwrap();
    assert_eq!(all.catalog.text(ItemId::new(3)), "Unseen. War");
}

#[test]
fn malformed_ratings_are_refused_with_their_line() {
    let third =
        |row: &str| format!("userId,movieId,rating,timestamp\n1,1,1.0,1\n{row}\n1,2,1.0,1\n");
    for (row, part) in [
        (
            "1,x,1.0,1",
            "expected movieId, a number of 0 or more that fits 64 bits, found \"x\"",
        ),
        (
            "-1,1,1.0,1",
            "expected userId, a number of 0 or more that fits 64 bits, found \"-1\"",
        ),
        (
            "1,99999999999999999999,1.0,1",
            "found \"99999999999999999999\"",
        ),
        ("1,01,1.0,1", "expected movieId"),
        ("1,,1.0,1", "expected movieId"),
        (
            "1,1,good,1",
            "expected a rating, a number such as 3.5, found \"good\"",
        ),
        ("1,1,NaN,1", "expected a rating"),
        (
            "1,1,1.0,1.5",
            "expected a timestamp, whole seconds since 1970, found \"1.5\"",
        ),
        ("1,1,1.0", "expected 4 cells, as in the first line, found 3"),
        (
            "1,1,\"1.0,1",
            "expected a closing quote, found the end of the line after column 5",
        ),
    ] {
        for ratings in [third(row), third(row).replace('\n', "\r\n")] {
            refused(read(ratings, None), &["ratings.csv:3: ", part]);
        }
    }
    refused(
        read("userId,movieId,rating\n1,1,1.0\n", None),
        &["ratings.csv:1: ", "name timestamp"],
    );
    refused(
        read("userId,movieId,rating,timestamp,rating\n", None),
        &["ratings.csv:1: ", "name rating"],
    );
}

#[test]
fn a_huge_movie_id_is_a_name_like_others() {
    let dataset = read(
        "userId,movieId,rating,timestamp\n1,18446744073709551615,1.0,1\n",
        None,
    )
    .unwrap();
    assert_eq!(dataset.catalog.len(), 1);
}

#[test]
fn malformed_movies_and_unknown_ones_are_refused_with_their_line() {
    refused(
        read(RATINGS, Some("movieId,title\n1,x\n")),
        &["movies.csv:1: ", "name genres"],
    );
    refused(
        read(RATINGS, Some("movieId,title,genres\n-3,x,y\n")),
        &["movies.csv:2: expected movieId"],
    );
    refused(
        read(RATINGS, Some("movieId,title,genres\n50,x,y\n50,z,y\n")),
        &["movies.csv:3: expected one record of each item"],
    );
    for (row, found) in [("20,x", "2"), ("20,x, y,z", "4"), (" ", "1")] {
        let movies = format!("movieId,title,genres\n50,x,y\n{row}\n");
        let found = format!("expected 3 cells, as in the first line, found {found}");
        refused(read(RATINGS, Some(&movies)), &["movies.csv:3: ", &found]);
    }
    let movies = "movieId,title,genres\n50,x,y\n";
    refused(
        read(RATINGS, Some(movies)),
        &["ratings.csv:3: expected an item of movies.csv, found item \"10\" (and 1 others"],
    );
    let (_folder, reader) = reader(RATINGS, Some(movies));
    let kept = reader
        .with_unknown_items(UnknownItems::KeepWithoutText)
        .read()
        .unwrap();
    assert_eq!(kept.catalog.texts(), ["x. y", "", ""]);
}

#[test]
fn empty_broken_and_truncated_files_are_refused() {
    refused(
        read("", None),
        &[
            "ratings.csv: ",
            "an empty file",
            "userId, movieId, rating, timestamp",
        ],
    );
    refused(
        read("userId,movieId,rating,timestamp\n", None),
        &["ratings.csv: ", "found no user"],
    );
    refused(read(RATINGS, Some("")), &["movies.csv: ", "an empty file"]);
    let broken = [RATINGS.as_bytes(), b"1,2\xff,1.0,1\n"].concat();
    refused(
        read(broken, None),
        &["ratings.csv:6: expected UTF-8 text, found byte 0xff at column 4"],
    );
    let folder = Folder::new();
    let with_movies =
        |movies| MovieLens::new(folder.file("ratings.csv", RATINGS)).with_movies(movies);
    let broken = [MOVIES.as_bytes(), b"60,\xe9,War\n"].concat();
    refused(
        with_movies(folder.file("movies.csv", broken)).read(),
        &["movies.csv:6: expected UTF-8 text, found byte 0xe9 at column 4"],
    );
    let rows: String = (0..3_000)
        .map(|row| format!("{row},Title {},War\n", row * 31 % 997))
        .collect();
    let text = format!("movieId,title,genres\n{rows}");
    refused(
        with_movies(folder.truncated_gz("movies.csv.gz", &text)).read(),
        &["movies.csv.gz: cannot be read (line ", "complete"],
    );
    let rows: String = (0..3_000)
        .map(|row| format!("{},{},1.0,{}\n", row % 70, row * 31 % 997, row * row))
        .collect();
    let path = folder.truncated_gz(
        "ratings.csv.gz",
        &format!("userId,movieId,rating,timestamp\n{rows}"),
    );
    refused(
        MovieLens::new(path).read(),
        &["ratings.csv.gz: cannot be read (line "],
    );
}

#[test]
fn the_real_files_have_their_published_sizes() {
    let Some(folder) = real("ml-latest-small") else {
        return;
    };
    let reader = MovieLens::new(folder.join("ratings.csv")).with_movies(folder.join("movies.csv"));
    let dataset = reader.read().unwrap();
    let found = dataset.statistics();
    assert_eq!(
        (found.users, found.items, found.interactions),
        (610, 9_724, 100_836)
    );
    assert_eq!(dataset.name, "ml-latest-small");
    assert!(dataset.catalog.iter().all(|(_, item)| item.title.is_some()));
    let ties: usize = dataset
        .interactions
        .iter()
        .map(|(user, _)| {
            let times = dataset.interactions.timestamps(user).unwrap();
            times.windows(2).filter(|pair| pair[0] == pair[1]).count()
        })
        .sum();
    assert!(ties > 15_000, "{ties} ties");
    assert_eq!(
        reader.with_unseen_items(true).read().unwrap().catalog.len(),
        9_742
    );
}
