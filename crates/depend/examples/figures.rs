//! Prints what the work of this crate costs on two tables, as JSON lines: `figures NODES.csv.gz EDGES.csv.gz`.
use std::io::Read;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let table = |place: usize| -> std::io::Result<Vec<u8>> {
        let path =
            std::env::args_os().nth(place).ok_or_else(|| std::io::Error::other("name a node and an edge table"))?;
        let mut bytes = Vec::new();
        flate2::read::MultiGzDecoder::new(std::fs::File::open(path)?).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    for figure in depend::bench::figures(&table(1)?, &table(2)?) {
        println!("{}", serde_json::json!({ "work": figure.work, "seconds": figure.seconds }));
    }
    Ok(())
}
