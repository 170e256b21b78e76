"""Reads EC2's types, offerings and zones out of moto's package data and prints them as one JSON document.

It decides nothing: which types are kept and what is made of them is in the TypeScript part of the generator.
Needs moto installed; no network, no AWS account.
"""

import gzip
import json
import os
import sys
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

import moto.ec2  # noqa: E402
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend  # noqa: E402

RESOURCES = Path(moto.ec2.__file__).parent / "resources"


def read(path: Path) -> object:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return json.load(stream)


def offerings(kind: str) -> dict[str, dict[str, list[str]]]:
    """Types by location by region, for one kind of location."""
    regions: dict[str, dict[str, list[str]]] = {}
    for path in sorted((RESOURCES / "instance_type_offerings" / kind).glob("*.json.gz")):
        locations: dict[str, list[str]] = {}
        for row in read(path):
            locations.setdefault(row["Location"], []).append(row["InstanceType"])
        regions[path.name.removesuffix(".json.gz")] = {name: sorted(types) for name, types in sorted(locations.items())}
    return regions


json.dump(
    {
        "version": version("moto"),
        "types": read(RESOURCES / "instance_types.json.gz"),
        "offeringsByZone": offerings("availability-zone"),
        "offeringsByZoneId": offerings("availability-zone-id"),
        "zones": {
            region: [{"name": zone.name, "zoneId": zone.zone_id} for zone in zones]
            for region, zones in RegionsAndZonesBackend.zones.items()
        },
    },
    sys.stdout,
    sort_keys=True,
)
