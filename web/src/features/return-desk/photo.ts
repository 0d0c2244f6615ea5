/** A photo as the desk takes it: upright, no larger than it is worth sending. */

/** Pixels of the longer side; enough to read a label, a tenth of what a telephone takes. */
const LONGEST = 2000;
const MOST_BYTES = 2_500_000;
const QUALITY = 0.85;

/** Width and height within `LONGEST`, in the same proportion. */
export function within(width: number, height: number): [number, number] {
  const scale = Math.min(1, LONGEST / Math.max(width, height));
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
}

/**
 * The photo to send. A JPEG is drawn anew, because the server leaves out what a camera writes beside the picture, and which side
 * is up is written there. What is no picture is sent as it is: the server says what is wrong with it.
 */
export async function asPhoto(file: File): Promise<Blob> {
  const picture = await createImageBitmap(file).catch(() => null);
  if (picture === null) return file;
  const [width, height] = within(picture.width, picture.height);
  const asItIs = file.type === "image/png" && width === picture.width && file.size <= MOST_BYTES;
  if (asItIs) return file;
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d")?.drawImage(picture, 0, 0, width, height);
  picture.close();
  const drawn = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  return drawn ?? file;
}
