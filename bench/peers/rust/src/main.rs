//! rust-peers - the upload of bench/ done by object_store and by opendal
//!
//!     rust-peers object_store|opendal --bytes N [--plain] [--part BYTES] [--concurrency N]
//!                [--no-copy] [--objects N]
//!
//! Writes N bytes in pieces of 1 MiB, the total not told, to s3://bucket/<client>. With --objects
//! that many objects of N bytes, one after the other. The endpoint, the keys and the CA come from
//! AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_CA_BUNDLE. Each client is at
//! its defaults but for what is named:
//!   --plain        no hash of the payload in the signature
//!   --part, --concurrency   the client's own settings of these names
//!   --no-copy      opendal only: hand over a shared block, where otherwise each piece is copied
//!                  into memory of its own first, as a writer that borrows must

use bytes::Bytes;
use object_store::{aws::AmazonS3Builder, buffered::BufWriter, path::Path};
use std::{env, error::Error, sync::Arc};
use tokio::io::AsyncWriteExt;

const BLOCK: usize = 1 << 20;
type Outcome = Result<(), Box<dyn Error>>;

struct Job {
    bytes: usize,
    objects: usize,
    part: Option<usize>,
    concurrency: Option<usize>,
    plain: bool,
    copy: bool,
    block: Bytes,
}

impl Job {
    fn from_args() -> Result<Job, Box<dyn Error>> {
        Ok(Job {
            bytes: number("--bytes")?.ok_or("--bytes is missing")?,
            objects: number("--objects")?.unwrap_or(1),
            part: number("--part")?,
            concurrency: number("--concurrency")?,
            plain: flag("--plain"),
            copy: !flag("--no-copy"),
            block: block(),
        })
    }

    /// The pieces of one object.
    fn pieces(&self) -> impl Iterator<Item = &[u8]> + '_ {
        (0..self.bytes)
            .step_by(BLOCK)
            .map(|at| &self.block[..BLOCK.min(self.bytes - at)])
    }

    fn key(&self, client: &str, i: usize) -> String {
        if self.objects == 1 {
            client.into()
        } else {
            format!("{client}-{i}")
        }
    }
}

fn flag(name: &str) -> bool {
    env::args().any(|a| a == name)
}

fn number(name: &str) -> Result<Option<usize>, Box<dyn Error>> {
    let mut args = env::args().skip_while(|a| a != name);
    if args.next().is_none() {
        return Ok(None);
    }
    Ok(Some(
        args.next()
            .ok_or(format!("{name} wants a number"))?
            .parse()?,
    ))
}

/// 1 MiB that no one can compress (xorshift).
fn block() -> Bytes {
    let mut x = 0x9e37_79b9_7f4a_7c15_u64;
    let mut v = Vec::with_capacity(BLOCK);
    while v.len() < BLOCK {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        v.extend_from_slice(&x.to_le_bytes());
    }
    v.into()
}

async fn with_object_store(job: &Job) -> Outcome {
    let mut builder = AmazonS3Builder::from_env()
        .with_endpoint(env::var("AWS_ENDPOINT_URL")?)
        .with_region("us-east-1")
        .with_bucket_name("bucket")
        .with_unsigned_payload(job.plain);
    if let Ok(file) = env::var("AWS_CA_BUNDLE") {
        let ca = object_store::Certificate::from_pem(&std::fs::read(file)?)?;
        let options = object_store::ClientOptions::new().with_root_certificate(ca);
        builder = builder.with_client_options(options);
    }
    let store = Arc::new(builder.with_allow_http(true).build()?);
    for i in 0..job.objects {
        let path = Path::from(job.key("object_store", i));
        let mut writer = match job.part {
            Some(part) => BufWriter::with_capacity(store.clone(), path, part),
            None => BufWriter::new(store.clone(), path),
        };
        if let Some(n) = job.concurrency {
            writer = writer.with_max_concurrency(n);
        }
        for piece in job.pieces() {
            writer.write_all(piece).await?;
        }
        writer.shutdown().await?;
    }
    Ok(())
}

async fn with_opendal(job: &Job) -> Outcome {
    let service = opendal::services::S3::default()
        .endpoint(&env::var("AWS_ENDPOINT_URL")?)
        .region("us-east-1")
        .bucket("bucket")
        .access_key_id(&env::var("AWS_ACCESS_KEY_ID")?)
        .secret_access_key(&env::var("AWS_SECRET_ACCESS_KEY")?);
    let operator = opendal::Operator::new(service)?;
    for i in 0..job.objects {
        let key = job.key("opendal", i);
        let mut open = operator.writer_with(&key);
        if let Some(n) = job.concurrency {
            open = open.concurrent(n);
        }
        if let Some(part) = job.part {
            open = open.chunk(part);
        }
        let mut writer = open.await?;
        for piece in job.pieces() {
            let bytes = match job.copy {
                true => Bytes::copy_from_slice(piece),
                false => job.block.slice(..piece.len()),
            };
            writer.write(bytes).await?;
        }
        writer.close().await?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome {
    let job = Job::from_args()?;
    match env::args().nth(1).as_deref() {
        Some("object_store") => with_object_store(&job).await,
        Some("opendal") => with_opendal(&job).await,
        _ => Err("name a client: object_store or opendal".into()),
    }
}
