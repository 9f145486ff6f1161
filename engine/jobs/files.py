"""Small files of a job folder, written so that a reader never sees half of one."""

import hashlib
import json
import math
import os
from pathlib import Path
from typing import Any

from engine.errors import JobError

BLOCK_BYTES = 1 << 20


def write_json(path: Path, content: Any) -> None:
    """Replace `path` by the content in one step; numbers that are not finite become null."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_text(json.dumps(finite(content), indent=1, allow_nan=False) + "\n", encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def read_json(path: Path) -> dict[str, Any] | None:
    """The content of a JSON file that holds one object, None where there is no file.

    Raises JobError naming a file that is damaged.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise JobError(f"{path} is damaged: {error}. Delete that job's folder and submit it again.") from error
    if not isinstance(content, dict):
        raise JobError(f"{path} is damaged: it holds no object. Delete that job's folder and submit it again.")
    return content


def finite(content: Any) -> Any:
    """The same content with NaN and infinite numbers as None, which is what JSON can say."""
    if isinstance(content, float):
        return content if math.isfinite(content) else None
    if isinstance(content, dict):
        return {str(key): finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [finite(value) for value in content]
    return content


def copy_hashed(source: Path, target: Path) -> tuple[str, int]:
    """Copy a file of any size block by block; returns its SHA-256 (hex) and its size in bytes."""
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as reader, target.open("wb") as writer:
        while block := reader.read(BLOCK_BYTES):
            digest.update(block)
            writer.write(block)
            size += len(block)
    return digest.hexdigest(), size


def hash_file(path: Path) -> tuple[str, int]:
    """SHA-256 (hex) and size in bytes of a file of any size."""
    with path.open("rb") as reader:
        digest = hashlib.file_digest(reader, "sha256")
    return digest.hexdigest(), path.stat().st_size
