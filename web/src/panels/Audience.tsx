/** A list of customers as a file, for a use that the customers in it allow. */
import { audienceFile } from "@/api/calls";
import type { Purpose } from "@/api/types";
import { saveBlob } from "@/lib/download";
import { useView } from "@/lib/useView";
import { SaveMenu } from "@/panels/PanelFrame";
import { useAsked } from "@/panels/Panels";

const PURPOSES: [NonNullable<Purpose>, string][] = [
  ["email", "who agreed to e-mail"],
  ["sms", "who agreed to text messages"],
  ["mail", "who agreed to post"],
  ["phone", "who agreed to calls"],
  ["push", "who agreed to push messages"],
  ["profiling", "who does not object to analysis"],
];

export function Audience({ of }: { of: { segment?: string; search?: string; at_risk?: boolean } }) {
  const { view } = useAsked();
  const { preset } = useView();
  const name = [of.segment, of.at_risk ? "at risk" : ""];
  return (
    <SaveMenu
      word="Download audience"
      failed="Audience failed"
      label="Only customers"
      items={PURPOSES}
      save={async (purpose) => {
        const blob = await audienceFile(view, { preset, ...of, purpose });
        saveBlob(blob, ["audience", ...name, purpose].filter(Boolean).join("-").replace(/\W+/g, "-") + ".csv");
      }}
    />
  );
}
