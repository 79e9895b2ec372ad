#!/usr/bin/env bash
# All that wants a GPU, one after the other: that it computes what the host does, its speed beside PyTorch's on the same card, and trainings of the papers' size.
#
#   scripts/gpu.sh cuda|vulkan DATA OUT [PYTHON]
#
# DATA holds the folders `instruments` (with `*.inter.json` and the published `*.index.json`) and `beauty`. OUT gets what was printed, checkpoints and systems; a
# run that was interrupted goes on where it was. PYTHON is one with the packages of `benches/peers/README.md` and a PyTorch for the card; without, nothing is compared.
set -euo pipefail

if [ $# -lt 3 ]; then
  sed -n '4,7s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
backend=$1 data=$(realpath "$2") python=${4-}
mkdir -p "$3"
out=$(realpath "$3")
cd "$(dirname "$0")/.."
for folder in instruments beauty; do
  [ -d "$data/$folder" ] || { echo "$data/$folder: no such folder of data" >&2; exit 2; }
done
index=$(find "$data/instruments" -name '*.index.json' | head -n 1)
[ -n "$index" ] || { echo "$data/instruments: no *.index.json with the published identifiers" >&2; exit 2; }

cargo test --release --features "$backend" --test integration devices | tee "$out/devices.txt"

if [ -n "$python" ]; then
  # The program's place is the last thing that cargo says.
  program=$(cargo bench --features "$backend" --bench peers --no-run 2>&1 | tee /dev/stderr | sed -n 's/.*(\(.*peers-[^)]*\)).*/\1/p')
  export PEERS_DEVICE=cuda BURN_DEVICE=$backend
  {
    "$python" benches/peers/t5.py "$program" "$out/t5"
    "$python" benches/peers/epoch.py "$program" "$out/epoch" "$data/instruments" "$index"
    "$python" benches/peers/rqvae.py "$program" "$out/rqvae"
    "$python" benches/peers/language_model.py "$program" "$out/language-model"
  } | tee "$out/peers.jsonl"
fi

# The models as in the papers; every training stops early by its own validation.
letter() {
  cargo run --release --features "$backend" --example letter -- --device "$backend" --preset paper --resume --out "$out/$1" --data "$data/$1" "${@:2}" |
    tee "$out/$1.txt"
}
letter instruments --identifiers "$index"
letter beauty
