//! parquet-rs-side FILE.arrow BATCHES none|snappy|zstd 1|2
//!
//! Answers the commands of bench/parquet/sides.py on standard input with parquet-rs: maps the first
//! BATCHES batches of an Arrow IPC file, then "file PATH" or "run", one JSON line for each.

use std::fs::File;
use std::io::{self, BufRead, BufWriter, Write};
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Instant;

use arrow::buffer::Buffer;
use arrow::ipc::reader::FileDecoder;
use arrow::ipc::{convert::try_fb_to_schema, root_as_footer};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterVersion};

/// Counts what is written and drops it.
struct Drop(u64);

impl Write for Drop {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// User and system time of the process, in seconds.
fn cpu_seconds() -> f64 {
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) };
    let seconds = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 * 1e-6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// The first batches of an IPC file, over the mapped file, which is read once.
fn load(path: &str, count: usize) -> Vec<RecordBatch> {
    let map = unsafe { memmap2::Mmap::map(&File::open(path).unwrap()).unwrap() };
    let size = map.len();
    let start = NonNull::new(map.as_ptr() as *mut u8).unwrap();
    let file = unsafe { Buffer::from_custom_allocation(start, size, Arc::new(map)) };

    // At the end: the footer, its length in four bytes, six of magic.
    let footer_size = u32::from_le_bytes(file[size - 10..size - 6].try_into().unwrap()) as usize;
    let footer = root_as_footer(&file[size - 10 - footer_size..size - 10]).unwrap();
    let schema = Arc::new(try_fb_to_schema(footer.schema().unwrap()).unwrap());
    let decoder = FileDecoder::new(schema, footer.version());
    let mut batches = Vec::new();
    for block in footer.recordBatches().unwrap().iter().take(count) {
        let length = block.metaDataLength() as usize + block.bodyLength() as usize;
        let bytes = file.slice_with_length(block.offset() as usize, length);
        std::hint::black_box(bytes.iter().step_by(1024).fold(0u64, |sum, b| sum + u64::from(*b)));
        batches.push(decoder.read_record_batch(block, &bytes).unwrap().unwrap());
    }
    batches
}

fn properties(codec: &str, version: &str) -> WriterProperties {
    let codec = match codec {
        "none" => Compression::UNCOMPRESSED,
        "snappy" => Compression::SNAPPY,
        "zstd" => Compression::ZSTD(ZstdLevel::try_new(1).unwrap()),
        _ => panic!("no codec {codec}"),
    };
    let version = if version == "2" { WriterVersion::PARQUET_2_0 } else { WriterVersion::PARQUET_1_0 };
    WriterProperties::builder().set_compression(codec).set_writer_version(version).build()
}

fn encode<W: Write + Send>(out: W, batches: &[RecordBatch], properties: WriterProperties) -> u64 {
    let mut writer = ArrowWriter::try_new(out, batches[0].schema(), Some(properties)).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.finish().unwrap();
    writer.bytes_written() as u64
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let [_, path, count, codec, version] = &words[..] else {
        panic!("parquet-rs-side FILE.arrow BATCHES none|snappy|zstd 1|2");
    };
    let batches = load(path, count.parse().unwrap());
    println!("{{\"version\": \"60.1.0\"}}");
    for line in io::stdin().lock().lines() {
        let line = line.unwrap();
        unsafe { libc::malloc_trim(0) };
        let (cpu, wall) = (cpu_seconds(), Instant::now());
        let bytes = match line.strip_prefix("file ") {
            Some(path) => encode(BufWriter::new(File::create(path).unwrap()), &batches, properties(codec, version)),
            None => encode(Drop(0), &batches, properties(codec, version)),
        };
        let (cpu, wall) = (cpu_seconds() - cpu, wall.elapsed().as_secs_f64());
        println!("{{\"cpu\": {cpu}, \"wall\": {wall}, \"bytes\": {bytes}}}");
    }
}
