import { describe, expect, it } from '@jest/globals';
import { preferredForm } from './preferred-form.js';

describe('preferredForm', () => {
  it.each([
    [undefined, 'json'],
    ['', 'json'],
    ['*/*', 'json'],
    ['application/json', 'json'],
    ['application/*', 'json'],
    ['text/csv', 'csv'],
    ['TEXT/CSV; charset=utf-8; header=present', 'csv'],
    ['text/*', 'csv'],
    ['text/csv, application/json', 'json'],
    ['text/csv, application/json;q=0.9', 'csv'],
    ['text/csv;q=0.5, */*;q=0.1', 'csv'],
    ['text/csv;q=0.5, */*', 'json'],
    ['application/json;q=0, */*', 'csv'],
    ['text/csv;q=0, text/*', null],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'json'],
    ['text/html', null],
    ['*/*;q=0', null],
    ['text/csv;q=high', null],
    ['nonsense', null],
  ])('%p prefers %p', (accept, form) => expect(preferredForm(accept)).toBe(form));
});
