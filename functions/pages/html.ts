/** Text that is already HTML: everything in it that came from outside is escaped. */
export interface Html {
	readonly html: string;
}

type Part = string | number | Html | readonly Html[];

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escaped(text: string): string {
	return text.replaceAll(/[&<>"']/g, (character) => entities[character] as string);
}

/** A template whose values are escaped, for elements and quoted attributes; only `Html` stays as it is. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
	return { html: String.raw({ raw: strings }, ...parts.map(textOf)) };
}

function textOf(part: Part): string {
	if (typeof part === 'string' || typeof part === 'number') return escaped(String(part));
	return 'html' in part ? part.html : part.map((one) => one.html).join('\n');
}

/** Marks a text as already HTML. */
export function trusted(text: string): Html {
	return { html: text };
}

/** A page in one file that loads nothing else: no scripts, no fonts, no requests. */
export function htmlPage(title: string, style: string, body: Html): string {
	return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${trusted("default-src 'none'; img-src data:; style-src 'unsafe-inline'")}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${trusted(style)}</style>
</head>
<body>
${body}
</body>
</html>
`.html;
}
