/** The shapes of countries (Natural Earth, 1:110 million), shipped with the page: nothing is fetched from elsewhere. */
import { feature } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import atlas from "world-atlas/countries-110m.json";
import type { Country } from "@/lib/world";

export function countries(): Country[] {
  const topology = atlas as unknown as Topology<{ countries: GeometryCollection<{ name: string }> }>;
  return feature(topology, topology.objects.countries).features.map(({ id, properties, geometry }) => ({
    // Countries without a number (Kosovo, Somaliland) have their name alone.
    id: String(id ?? ""),
    name: properties.name,
    rings: (geometry.type === "Polygon" ? [geometry.coordinates] : geometry.type === "MultiPolygon" ? geometry.coordinates : []).map(
      (polygon) => polygon as [number, number][][],
    ),
  }));
}
