//! `make bench`: what each operation costs beside the ceiling, on SQLite and on PostgreSQL.
//!
//! `docs/benchmarks.md` tells the workload and what the figures mean. What it does while it runs goes to standard
//! error, the tables to standard output.

mod bare;
mod ceiling;
mod data;
mod given;
mod load;
mod ops;
mod process;
mod server;
mod table;
mod webhooks;

use std::fs::File;
use std::io::BufWriter;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::{Parser, Subcommand};
use guildhall_testkit::postgres;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::data::{SIZES, Set, Size};
use crate::load::{Run, Turn};
use crate::ops::{Material, Op};
use crate::server::{Guildhall, Program};
use crate::table::Rounds;

/// The server's, for the ceiling too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures what each operation costs, beside the ceiling
#[derive(Debug, Parser)]
struct Bench {
    /// Seconds of a run
    #[arg(long, default_value = "10", value_parser = clap::value_parser!(f64))]
    seconds: f64,
    /// Rounds; the figures are medians
    #[arg(long, default_value = "3")]
    rounds: u32,
    /// Sets, separated by commas: S, M, L
    #[arg(long, value_delimiter = ',', default_value = "S,M")]
    set: Vec<String>,
    /// Databases, separated by commas
    #[arg(long, value_delimiter = ',', default_value = "sqlite,postgres")]
    database: Vec<String>,
    /// Only operations whose name begins with one of these, separated by commas
    #[arg(long, value_delimiter = ',')]
    ops: Vec<String>,
    /// Only these dialects, separated by commas
    #[arg(long, value_delimiter = ',')]
    dialects: Vec<String>,
    /// Measure in set S what deliveries to webhooks cost the readers as well
    #[arg(long)]
    webhooks: bool,
    /// Load, start and stop only
    #[arg(long)]
    no_load: bool,
    #[command(subcommand)]
    part: Option<Part>,
}

/// The other parts of this program, which it starts by itself.
#[derive(Debug, Subcommand)]
enum Part {
    /// Serve the ceiling
    #[command(hide = true)]
    Ceiling,
    /// Write to a bare SQLite file and tell how many writes and CPU microseconds there were
    #[command(hide = true)]
    Bare {
        /// The file
        file: PathBuf,
        /// For how long
        millis: u64,
    },
}

fn main() -> Result<()> {
    let bench = Bench::parse();
    match &bench.part {
        // As the server has it: tokio's runtime, a worker for each core it may run on.
        Some(Part::Ceiling) => tokio::runtime::Runtime::new()?.block_on(ceiling::serve()),
        Some(Part::Bare { file, millis }) => {
            let (writes, cpu) = ceiling::bare_writes(file, Duration::from_millis(*millis))?;
            println!("{writes} {}", cpu.as_micros());
            Ok(())
        }
        None => bench.all(),
    }
}

macro_rules! say {
    ($($words:tt)*) => { eprintln!("== {}", format_args!($($words)*)) };
}

impl Bench {
    fn all(&self) -> Result<()> {
        let began = Instant::now();
        if !process::can_pin() {
            say!("server and load share all cores: this needs `taskset` and two cores to keep them apart");
        }
        for database in &self.database {
            for name in &self.set {
                let size = SIZES.iter().find(|size| size.name.eq_ignore_ascii_case(name));
                let size = *size.with_context(|| format!("{name} is no set; choose of S, M and L"))?;
                let directory = tempfile::Builder::new().prefix("guildhall-bench-").tempdir()?;
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                tokio::task::LocalSet::new().block_on(&runtime, self.one(database, size, directory.path()))?;
            }
        }
        say!("done in {} s", began.elapsed().as_secs());
        Ok(())
    }

    /// One set on one database.
    async fn one(&self, database: &str, size: Size, directory: &Path) -> Result<()> {
        let set = Rc::new(Set::make(size));
        say!("set {} on {database}: {}", size.name, set.tell());
        let (address, postgres) = match database {
            "sqlite" => (format!("sqlite:{}", directory.join("bench.db").display()), None),
            "postgres" => {
                // The database works on the server's core.
                process::move_to(process::SERVER)?;
                let server = postgres::Server::start_durable()?;
                process::move_to(process::LOAD)?;
                (server.url().to_owned(), Some(server))
            }
            other => anyhow::bail!("{other} is no database; choose of sqlite and postgres"),
        };
        process::move_to(process::LOAD)?;
        let guildhall = Guildhall::new(address, directory)?;
        let file = directory.join("set.jsonl");
        set.write(&mut BufWriter::new(File::create(&file)?))?;
        let (took, peak) = guildhall.import(&file)?;
        let key = guildhall.key(&set.company.to_string(), &set.users[0].to_string())?;
        #[expect(clippy::disallowed_methods, reason = "the load stands outside the engine and has no clock of its")]
        let then = jiff::Timestamp::try_from(std::time::SystemTime::now())?.to_string();
        let mut starts = Vec::new();
        for _ in 0..self.rounds {
            starts.push(guildhall.serve()?.start.as_secs_f64());
        }
        let start = Duration::from_secs_f64(table::median(&starts));
        println!("\n### Set {} on {database}\n\n{}.\n", size.name, set.tell());
        println!(
            "Import {}, {} resident at most; ready {} after the start.",
            table::time(took),
            table::mb(peak),
            table::time(start)
        );
        if self.no_load {
            return Ok(());
        }
        let field = Field {
            server: guildhall.serve()?,
            ceiling: server::ceiling()?,
            postmaster: postgres.as_ref().map(|server| server.process()).transpose()?,
            guildhall,
        };
        let material = Material { set, key, then };
        let ops = self.chosen(&field, ops::all(&material)).await?;
        let mut measured: Vec<Rounds> = ops.iter().map(|_| Rounds::default()).collect();
        for round in 1..=self.rounds {
            for (op, rounds) in ops.iter().zip(&mut measured) {
                say!("round {round} of {}: {} in {}", self.rounds, op.name, op.dialect);
                field.measure(op, rounds, self.time(), u64::from(round)).await?;
            }
        }
        let (resident, _) = process::memory(field.server.id())?;
        println!("Resident after the runs: {}.\n\n{}", table::mb(resident), table::head());
        for (op, rounds) in ops.iter().zip(&measured) {
            println!("{}", table::line(op.name, op.dialect, rounds));
        }
        if database == "sqlite" && ops.iter().any(|op| op.writes) {
            say!("bare SQLite, one commit a change");
            let (rate, micros) = bare::sqlite(directory, self.time())?;
            println!("\nBare SQLite, one commit a change on one thread: {rate:.0} writes/s, {micros:.1} CPU µs each.");
        }
        if let Some(server) = postgres.as_ref().filter(|_| ops.iter().any(|op| op.writes)) {
            say!("bare PostgreSQL, by pgbench");
            let key = material.key.0.parse()?;
            let (ids, sizes) = ((material.set.company, key), (material.set.users.len(), material.set.groups.len()));
            match bare::postgres(server, directory, ids, sizes, self.time())? {
                Some(bare) => println!(
                    "\nBare PostgreSQL, the same statements by pgbench, one commit a change, 32 clients: {:.0} writes/s. Bare read of a group: {:.1} CPU µs.",
                    bare.changes,
                    bare.read.as_secs_f64() * 1e6
                ),
                None => say!("pgbench is not installed: nothing to compare with"),
            }
        }
        // The read that they are measured beside is the first one there is.
        if let Some(read) = ops.iter().find(|op| !op.writes).filter(|_| size == SIZES[0] && self.webhooks) {
            say!("webhooks beside {} in {}", read.name, read.dialect);
            let told = webhooks::beside(field.server.address, &material, read, self.time(), self.rounds).await?;
            let slower = (1.0 - told.with / told.without) * 100.0;
            println!(
                "\n{:.0} deliveries a minute to ten webhooks, beside {} in {}: {:.0} reads/s with the changes alone, {:.0} with the deliveries ({slower:.1} % less).",
                told.deliveries, read.name, read.dialect, told.without, told.with
            );
        }
        Ok(())
    }

    fn time(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    /// The operations asked for, in those dialects that the server speaks.
    async fn chosen(&self, field: &Field, all: Vec<Op>) -> Result<Vec<Op>> {
        let named =
            |list: &[String], name: &str| list.is_empty() || list.iter().any(|start| name.starts_with(start.as_str()));
        let (mut ops, mut spoken) = (Vec::new(), (String::new(), false));
        for op in all {
            if spoken.0 != op.dialect {
                let status = once(field.server.address, &op).await?;
                spoken = (op.dialect.to_owned(), op.wanted.contains(&status));
                if !spoken.1 {
                    say!("{} is left out: its first call is answered {status}", op.dialect);
                }
            }
            if spoken.1 && named(&self.ops, op.name) && named(&self.dialects, op.dialect) {
                ops.push(op);
            }
        }
        ensure!(!ops.is_empty(), "no operation is left to measure\n{}", field.guildhall.log_tail());
        Ok(ops)
    }
}

/// Everything that runs.
struct Field {
    guildhall: Guildhall,
    server: Program,
    ceiling: Program,
    postmaster: Option<u32>,
}

impl Field {
    /// CPU time of the server and its database so far.
    fn cpu(&self) -> Result<Duration> {
        let database = self.postmaster.map(process::cpu_of_postgres).transpose()?.unwrap_or_default();
        Ok(process::cpu(self.server.id())? + database)
    }

    /// One run of the ceiling and one of the operation.
    async fn measure(&self, op: &Op, rounds: &mut Rounds, time: Duration, seed: u64) -> Result<()> {
        let before = process::cpu(self.ceiling.id())?;
        let run = load::run(self.ceiling.address, Rc::new(ask_ceiling), &[200], time / 2, seed).await?;
        let ceiling = per_request(process::cpu(self.ceiling.id())? - before, &run);

        let (before, writes) = (self.cpu()?, counters(self.server.address).await?);
        let run = load::run(self.server.address, Rc::clone(&op.ask), op.wanted, time, seed).await?;
        let micros = per_request(self.cpu()? - before, &run);
        if op.writes {
            let after = counters(self.server.address).await?;
            rounds.together.push((after.0 - writes.0) / (after.1 - writes.1));
        }
        self.guildhall.empty_log()?;
        rounds.ratio.push(ceiling / micros);
        rounds.micros.push(micros);
        rounds.rate.push(run.rate());
        rounds.p50.push(run.latency(0.5).into());
        rounds.p99.push(run.latency(0.99).into());
        rounds.bytes.push(run.bytes as f64 / run.requests as f64);
        Ok(())
    }
}

fn per_request(cpu: Duration, run: &Run) -> f64 {
    cpu.as_secs_f64() * 1e6 / run.requests as f64
}

fn ask_ceiling(turn: &mut Turn, out: &mut Vec<u8>) {
    let key = turn.random.below(ceiling::THINGS);
    out.extend_from_slice(format!("GET /things/{key} HTTP/1.1\r\nhost: bench\r\n\r\n").as_bytes());
}

/// The status that the first request of an operation gets.
async fn once(address: SocketAddr, op: &Op) -> Result<u16> {
    let mut turn = Turn { connection: 0, number: 0, kept: (0, 0), random: data::Random::new(0) };
    let mut request = Vec::new();
    (op.ask)(&mut turn, &mut request);
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    stream.write_all(&request).await?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).await?;
    Ok(std::str::from_utf8(&head[9..])?.parse()?)
}

/// Writes and commits so far, by the server's own metrics.
async fn counters(address: SocketAddr) -> Result<(f64, f64)> {
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n").await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|value| value.trim().parse().ok()).with_context(|| format!("the metrics lack {name}"))
    };
    Ok((value("guildhall_writes_total")?, value("guildhall_commits_total")?))
}
