/** The picture of an explanation, as the API draws it, to look at and to take along. */
import { Download } from 'lucide-react';
import { Card, Icon } from '../../ui/parts';

/** Fetches the picture as a file: an address opened by itself would answer in words. */
async function download(picture: string, name: string) {
  const response = await fetch(picture, { headers: { accept: 'image/svg+xml' } });
  const file = URL.createObjectURL(await response.blob());
  const link = document.createElement('a');
  link.href = file;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(file), 10_000);
}

export function Picture({ of, name, alt }: { of: string; name: string; alt: string }) {
  return (
    <Card
      title="The picture"
      aside={
        <button type="button" className="btn small" onClick={() => void download(of, `${name}.svg`)}>
          <Icon of={Download} /> SVG
        </button>
      }
    >
      <div className="figure" tabIndex={0} role="group" aria-label="The picture of these ways">
        <img src={of} alt={alt} />
      </div>
    </Card>
  );
}
