/** Photos of goods that came back: taken or chosen at the bench, looked at, taken away. */
import { Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useId, useMemo, useRef, useState } from "react";
import { addReturnPhoto, removeReturnPhoto } from "@/api/calls";
import { returnPhotoQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import type { DeskReturn, ReturnPhoto } from "@/api/types";
import styles from "@/features/return-desk/desk.module.css";
import { asPhoto } from "@/features/return-desk/photo";
import { Banner, Skeleton } from "@/ui/Parts";
import { Side } from "@/ui/Side";

interface Props {
  kept: DeskReturn;
  /** The line that they are of; null for the parcel as a whole. */
  line: string | null;
  /** What they are of, in words. */
  of: string;
  mayAdd: boolean;
  done: (made: DeskReturn) => void;
}

export function Photos({ kept, line, of, mayAdd, done }: Props) {
  const [shown, setShown] = useState<number | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const add = useMutation({
    mutationFn: async (files: File[]) => {
      let latest = kept;
      // One after the other: each changes the version that the next one is sent with.
      for (const file of files) {
        const form = new FormData();
        form.set("photo", await asPhoto(file));
        form.set("version", String(latest.version));
        if (line !== null) form.set("line_id", line);
        latest = await addReturnPhoto(kept.return_id, form);
        done(latest);
      }
    },
  });
  const remove = useMutation({
    mutationFn: (photo: number) => removeReturnPhoto(kept.return_id, photo, kept.version),
    onSuccess: (made) => {
      setShown(null);
      done(made);
    },
  });
  const photos = kept.photos.filter((one) => one.line_id === line);
  const chosen = photos.find((one) => one.photo_id === shown);
  if (!photos.length && !mayAdd) return null;
  return (
    <div className={styles.photos} role="group" aria-label={`Photos of ${of}`}>
      {photos.map((one, index) => (
        <button key={one.photo_id} type="button" className={styles.thumb} onClick={() => setShown(one.photo_id)}>
          <Picture kept={kept} photo={one} name={`Photo ${index + 1} of ${of}`} />
        </button>
      ))}
      {mayAdd ? (
        <>
          <Button variant="default" size="md" loading={add.isPending} onClick={() => input.current?.click()}>
            {photos.length ? "Another photo" : "Add a photo"}
          </Button>
          <input
            ref={input}
            id={id}
            className={styles.file}
            type="file"
            accept="image/png,image/jpeg"
            multiple
            tabIndex={-1}
            aria-label={`Choose photos of ${of}`}
            onChange={(event) => {
              const files = [...(event.currentTarget.files ?? [])];
              event.currentTarget.value = "";
              if (files.length) add.mutate(files);
            }}
          />
        </>
      ) : null}
      {add.error ? <Banner tone="bad">{add.error.message}</Banner> : null}
      {chosen ? (
        <Side title={`Photo of ${of}`} side="right" size={620} closeLabel="Close" onClose={() => setShown(null)}>
          <Large kept={kept} photo={chosen} of={of} />
          {remove.error ? <Banner tone="bad">{remove.error.message}</Banner> : null}
          {mayAdd ? (
            <Button variant="default" loading={remove.isPending} onClick={() => remove.mutate(chosen.photo_id)}>
              Take this photo away
            </Button>
          ) : null}
        </Side>
      ) : null}
    </div>
  );
}

function Large({ kept, photo, of }: { kept: DeskReturn; photo: ReturnPhoto; of: string }) {
  const { format } = useShop();
  return (
    <figure className={styles.large}>
      <Picture kept={kept} photo={photo} name={`Photo of ${of}, large`} />
      <figcaption>
        {photo.taken_by}, {format.moment(photo.taken_at)}
      </figcaption>
    </figure>
  );
}

function Picture({ kept, photo, name }: { kept: DeskReturn; photo: ReturnPhoto; name: string }) {
  const found = useQuery(returnPhotoQuery(kept.return_id, photo.photo_id));
  const blob = found.data;
  const address = useMemo(() => (blob ? URL.createObjectURL(blob) : null), [blob]);
  useEffect(
    () => () => {
      if (address) URL.revokeObjectURL(address);
    },
    [address],
  );
  if (found.error) return <span className={styles.dim}>{found.error.message}</span>;
  return address ? <img src={address} alt={name} width={photo.width} height={photo.height} /> : <Skeleton height={72} />;
}
