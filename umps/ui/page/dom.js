// SPDX-License-Identifier: GPL-2.0-or-later
// Building elements, writing numbers, editing in place.

// el('td', {class: 'x', onclick: f}, 'text', other, [more])
export function el(name, attributes = {}, ...children) {
	const node = document.createElement(name);
	for (const [key, value] of Object.entries(attributes)) {
		if (key.startsWith('on'))
			node.addEventListener(key.slice(2), value);
		else if (value === true)
			node.setAttribute(key, '');
		else if (value !== false && value !== undefined && value !== null)
			node.setAttribute(key, value);
	}
	node.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined));
	return node;
}

export const hex = (value, digits = 8) => value.toString(16).toUpperCase().padStart(digits, '0');
export const grouped = value => value.toString().replace(/\B(?=(\d{3})+$)/g, '\u2009');

export const formats = {
	hex: value => hex(value),
	signed: value => (value | 0).toString(),
	unsigned: value => value.toString(),
	binary: value => value.toString(2).padStart(32, '0').replace(/\B(?=(.{8})+$)/g, ' '),
};

// What a user may type for a word: hexadecimal as shown, or decimal or 0x... when it says so.
export function parseWord(text, format) {
	const t = text.replace(/[\s_]/g, '');
	if (/^0x[0-9a-f]{1,8}$/i.test(t))
		return parseInt(t, 16);
	if (format === 'hex' && /^[0-9a-f]{1,8}$/i.test(t))
		return parseInt(t, 16);
	if (format === 'binary' && /^[01]{1,32}$/.test(t))
		return parseInt(t, 2);
	if (format !== 'hex' && /^-?\d+$/.test(t) && Math.abs(Number(t)) <= 0xFFFFFFFF)
		return Number(t) >>> 0;
	return null;
}

// A cell whose content becomes a text field when clicked or when Enter is pressed on it.
export function editable(node, text, commit) {
	const edit = () => {
		if (node.querySelector('input'))
			return;
		const old = [...node.childNodes];
		const close = () => node.replaceChildren(...old);
		const input = el('input', {
			class: 'edit', value: text, size: Math.max(4, text.length),
			onblur: close,
			onkeydown: event => {
				event.stopPropagation();
				if (event.key === 'Enter') {
					commit(input.value);
					close();
				} else if (event.key === 'Escape') {
					close();
				}
			},
		});
		node.replaceChildren(input);
		input.focus();
		input.select();
	};
	node.classList.add('editable');
	node.tabIndex = 0;
	node.title ||= 'Click or press Enter to change';
	node.addEventListener('click', edit);
	node.addEventListener('keydown', event => {
		if (event.key === 'Enter' && event.target === node) {
			event.preventDefault();
			edit();
		}
	});
	return node;
}

// Draws into BODY when WHAT has changed since last time, and nobody is typing there.
export function redraw(body, what, draw) {
	const key = JSON.stringify(what);
	if (body.dataset.drawn === key || body.querySelector('input.edit'))
		return;
	body.dataset.drawn = key;
	const top = body.scrollTop;
	body.replaceChildren(...[draw()].flat());
	body.scrollTop = top;
}

// A row of tabs: CHOICES is [[id, title, group]...]; the tabs of a group stand together behind its name. Tabs stay the
// same elements while the choices do, so that the keyboard's focus stays, too; arrow keys go from tab to tab.
export function tabs(head, choices, chosen, choose) {
	const key = JSON.stringify(choices);
	if (head.dataset.tabs !== key) {
		head.dataset.tabs = key;
		head.replaceChildren();
		for (const [id, title, group] of choices) {
			const tab = el('button', {
				role: 'tab', 'data-tab': id, 'aria-label': group ? id : null, title: group ? id : null, onclick: () => choose(id),
				onkeydown: event => {
					const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
					const all = [...head.querySelectorAll('button')];
					if (!step)
						return;
					event.preventDefault();
					const next = all[(all.indexOf(event.currentTarget) + step + all.length) % all.length];
					next.focus();
					choose(next.dataset.tab, true);
				},
			}, title);
			let place = group ? [...head.children].find(set => set.dataset.group === group) : head;
			if (!place)
				head.append(place = el('span', { class: 'set', 'data-group': group }, el('span', { class: 'group' }, group)));
			place.append(tab);
		}
	}
	for (const tab of head.querySelectorAll('button')) {
		tab.setAttribute('aria-selected', String(tab.dataset.tab === chosen));
		tab.tabIndex = tab.dataset.tab === chosen ? 0 : -1;
	}
}
