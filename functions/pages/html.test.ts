import { expect, test } from 'vitest';
import { html, trusted } from './html.ts';

test('values are escaped in elements and attributes; only HTML is kept as it is', () => {
	const hostile = `<b a="1" b='2'>&`;
	expect(html`<i title="${hostile}">${hostile} ${3}</i>`.html).toBe(
		'<i title="&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;">&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp; 3</i>',
	);
	expect(html`${[html`<b>${'<'}</b>`, trusted('<hr>')]}`.html).toBe('<b>&lt;</b>\n<hr>');
});
