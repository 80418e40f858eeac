"""Corpus files from the network, into the user's cache: over https, capped, checked against their hash."""

import logging
from pathlib import Path
from typing import Any

from charcells.config import CorpusConfig
from charcells.errors import UserError

log = logging.getLogger(__name__)

SCHEME = "https"
"""The only way by which anything is downloaded."""

MAX_DOWNLOAD = 256 << 20
"""Bytes after which a download is given up; the largest corpus that is shipped has a fiftieth of that."""


def fetch(config: CorpusConfig) -> Path:
    """The file in the user's cache, downloaded and checked against its hash if it is not there yet."""
    import pooch  # half a second that runs on local files need not pay
    import requests

    assert config.file is not None
    cache = Path(pooch.os_cache("charcells"))
    if (cache / config.file).exists():
        return cache / config.file
    if config.url is None or config.sha256 is None:
        raise UserError(f"corpus={config.name} has no address and hash to download it by: give corpus.path=")
    if not config.url.startswith(f"{SCHEME}://"):
        raise UserError(f"corpus.url={config.url} is not allowed: corpora are downloaded by {SCHEME} only")
    help = f"Put the file into a folder as {config.file} and name that folder with corpora_dir= or CHARCELLS_CORPORA"
    log.info("downloading %s from %s (licence: %s)", config.file, config.url, config.licence)
    pooch.get_logger().setLevel(logging.WARNING)
    try:
        pooch.retrieve(
            config.url,
            known_hash=f"sha256:{config.sha256}",
            fname=config.file,
            path=cache,
            downloader=_download,
        )
    except (requests.RequestException, OSError) as error:  # the first is one of the second, and of odd names
        reason = "there is no connection" if isinstance(error, requests.ConnectionError) else str(error)
        raise UserError(f"corpus={config.name} could not be downloaded from {config.url}: {reason}. {help}") from error
    except ValueError as error:  # pooch's word for a wrong hash
        raise UserError(
            f"what {config.url} answers is not the text that corpus={config.name} stands for (wrong SHA-256); nothing "
            f"was kept. {help}"
        ) from error
    return cache / config.file


def _download(url: str, file: Any, pooch: Any) -> None:
    """What `pooch.retrieve` calls: write what is behind an address to a file. Pooch checks it and puts it in place.

    Raises OSError where that is more than MAX_DOWNLOAD bytes, requests.RequestException where it cannot be had, or only
    by way of another scheme.
    """
    import requests
    from tqdm import tqdm

    with requests.Session() as session:
        for scheme in set(session.adapters) - {f"{SCHEME}://"}:  # nor does a redirection leave it
            del session.adapters[scheme]
        with session.get(url, stream=True, timeout=30) as response, open(file, "wb") as output:
            response.raise_for_status()
            done = 0
            with tqdm(total=int(response.headers.get("content-length", 0)) or None, unit="B", unit_scale=True) as bar:
                for block in response.iter_content(1 << 16):
                    done += len(block)
                    if done > MAX_DOWNLOAD:
                        raise OSError(f"it is larger than {MAX_DOWNLOAD:,} bytes, which no corpus is")
                    output.write(block)
                    bar.update(len(block))
