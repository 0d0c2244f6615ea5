/** A popover that takes the focus and gives it back. Escape closes it also before the focus is in it. */
import { Popover, type PopoverProps } from "@mantine/core";
import { useId, useWindowEvent } from "@mantine/hooks";

type PopupProps = Omit<PopoverProps, "opened" | "onChange" | "trapFocus" | "returnFocus" | "id" | "onExitTransitionEnd"> & {
  opened: boolean;
  onChange: (opened: boolean) => void;
};

export function Popup({ opened, onChange, ...rest }: PopupProps) {
  const id = useId();
  useWindowEvent("keydown", (event) => {
    if (event.key === "Escape" && opened && !document.activeElement?.closest("[role=dialog]")) onChange(false);
  });
  // closed while the focus was still on its way in, it would take the focus with it as it goes
  const handBack = () => {
    const focused = document.activeElement;
    const lost = focused === document.body || document.getElementById(`${id}-dropdown`)?.contains(focused);
    if (lost) document.getElementById(id)?.focus({ preventScroll: true });
  };
  return (
    <Popover id={id} opened={opened} onChange={onChange} trapFocus returnFocus onExitTransitionEnd={handBack} {...rest} />
  );
}
