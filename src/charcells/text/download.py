"""Downloads of corpus files into the user's cache: over https, limited in size, checked against their hash."""

import logging
from pathlib import Path
from typing import Any

from charcells.config import CorpusConfig
from charcells.errors import UserError

log = logging.getLogger(__name__)

SCHEME = "https"
"""The only URL scheme that is allowed, for redirections too."""

MAX_DOWNLOAD = 256 << 20
"""Bytes after which a download is aborted. The largest corpus in conf/corpus has about a fiftieth of that."""


def fetch(config: CorpusConfig) -> Path:
    """The file in the user's cache, downloaded and checked against its hash if it is not there yet.

    Raises UserError if the corpus has no URL or hash, or if the download fails.
    """
    import pooch  # the import takes half a second, which runs on local files save
    import requests

    assert config.file is not None
    cache = Path(pooch.os_cache("charcells"))
    if (cache / config.file).exists():
        return cache / config.file
    if config.url is None or config.sha256 is None:
        raise UserError(f"corpus={config.name} has no URL and hash to download it with: set corpus.path=")
    if not config.url.startswith(f"{SCHEME}://"):
        raise UserError(f"corpus.url={config.url} is not allowed: downloads only use {SCHEME}")
    help = f"Save the file as {config.file} in a folder and set corpora_dir= or CHARCELLS_CORPORA to that folder"
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
    except (requests.RequestException, OSError) as error:  # some RequestExceptions are not OSErrors
        reason = "there is no connection" if isinstance(error, requests.ConnectionError) else str(error)
        raise UserError(f"corpus={config.name} could not be downloaded from {config.url}: {reason}. {help}") from error
    except ValueError as error:  # raised by pooch for a wrong hash
        raise UserError(
            f"the file at {config.url} is not the file of corpus={config.name} (wrong SHA-256); nothing was kept. "
            f"{help}"
        ) from error
    return cache / config.file


def _download(url: str, file: Any, pooch: Any) -> None:
    """The downloader for `pooch.retrieve`: write the content of a URL to a file. Pooch then checks and moves it.

    Raises OSError for more than MAX_DOWNLOAD bytes, and requests.RequestException if the download fails or is
    redirected to another scheme.
    """
    import requests
    from tqdm import tqdm

    with requests.Session() as session:
        for scheme in set(session.adapters) - {f"{SCHEME}://"}:  # so a redirection cannot switch to http
            del session.adapters[scheme]
        with session.get(url, stream=True, timeout=30) as response, open(file, "wb") as output:
            response.raise_for_status()
            done = 0
            with tqdm(total=int(response.headers.get("content-length", 0)) or None, unit="B", unit_scale=True) as bar:
                for block in response.iter_content(1 << 16):
                    done += len(block)
                    if done > MAX_DOWNLOAD:
                        raise OSError(f"the file is larger than {MAX_DOWNLOAD:,} bytes")
                    output.write(block)
                    bar.update(len(block))
