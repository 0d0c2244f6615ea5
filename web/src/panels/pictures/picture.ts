/** The picture of a panel: one builder for each kind. */
import type {
  BridgePanelSpec,
  CumulativePanelSpec,
  ForecastPanelSpec,
  HeatmapPanelSpec,
  RankPanelSpec,
  SeriesPanelSpec,
} from "@/api/types";
import { bridgePicture } from "@/panels/pictures/bridge";
import type { Picture, PictureInput } from "@/panels/pictures/common";
import { forecastPicture } from "@/panels/pictures/forecast";
import { columnsPicture, heatmapPicture, rankPicture, sharePicture } from "@/panels/pictures/parts";
import { cumulativePicture, timePicture } from "@/panels/pictures/time";

export type DrawnPanel =
  | SeriesPanelSpec
  | RankPanelSpec
  | HeatmapPanelSpec
  | CumulativePanelSpec
  | BridgePanelSpec;
/** What is drawn by itself, and what asks an analysis and has its own frame. */
export type PicturedPanel = DrawnPanel | ForecastPanelSpec;

export function pictureOf(input: PictureInput<PicturedPanel>): Picture {
  const { panel } = input;
  switch (panel.kind) {
    case "rank":
      return rankPicture({ ...input, panel });
    case "share":
      return sharePicture({ ...input, panel });
    case "heatmap":
      return heatmapPicture({ ...input, panel });
    case "cumulative":
      return cumulativePicture({ ...input, panel });
    case "forecast":
      return forecastPicture({ ...input, panel });
    case "bridge":
      return bridgePicture({ ...input, panel });
    default:
      return panel.grain ? timePicture({ ...input, panel }) : columnsPicture({ ...input, panel });
  }
}
