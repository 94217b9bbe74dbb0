/** Small controls that the whole page shares. */
import { useEffect, useId, useRef, useState, type ButtonHTMLAttributes, type ReactNode } from 'react';
import { useWords } from '../language';
import { Icon } from './Icon';

interface IconButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'children'> {
  icon: string;
  label: string;
  /** Shown behind the label in its tooltip. */
  keys?: string;
  pressed?: boolean;
  size?: number;
}

export function IconButton({ icon, label, keys, pressed, size = 20, className = '', ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      className={`icon-button ${className}`}
      aria-label={label}
      title={keys ? `${label} (${keys})` : label}
      {...(pressed === undefined ? {} : { 'aria-pressed': pressed })}
      {...rest}
    >
      <Icon name={icon} size={size} />
    </button>
  );
}

interface SegmentedProps<T extends string> {
  label: string;
  value: T | null;
  options: { value: T; label: string; help?: string }[];
  onChange: (value: T) => void;
  labelledBy?: string;
}

/** A few choices side by side. */
export function Segmented<T extends string>({ label, value, options, onChange, labelledBy }: SegmentedProps<T>) {
  const name = useId();
  return (
    <div className="segmented" role="radiogroup" {...(labelledBy ? { 'aria-labelledby': labelledBy } : { 'aria-label': label })}>
      {options.map((option) => (
        <label key={option.value} className="segment" title={option.help}>
          <input type="radio" name={name} checked={option.value === value} onChange={() => onChange(option.value)} />
          <span>{option.label}</span>
        </label>
      ))}
    </div>
  );
}

export function Switch({ id, checked, onChange, describedBy }: { id: string; checked: boolean; onChange: (value: boolean) => void; describedBy?: string | undefined }) {
  return (
    <input
      id={id}
      type="checkbox"
      role="switch"
      className="switch"
      checked={checked}
      aria-describedby={describedBy}
      onChange={(event) => onChange(event.target.checked)}
    />
  );
}

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
  wide?: boolean;
}

/** A window over the page; the browser itself keeps the focus inside and closes it with Escape. */
export function Dialog({ title, onClose, children, wide = false }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { t } = useWords();
  const heading = useId();
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={wide ? 'dialog wide' : 'dialog'}
      aria-labelledby={heading}
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && dialog.current.close()}
    >
      <div className="dialog-body">
        <header className="dialog-head">
          <h2 id={heading}>{title}</h2>
          <IconButton icon="close" label={t('action.close')} onClick={() => dialog.current?.close()} />
        </header>
        {children}
      </div>
    </dialog>
  );
}

export interface MenuItem {
  label: string;
  icon?: string;
  onSelect: () => void;
  danger?: boolean;
}

interface MenuProps {
  label: string;
  icon?: string;
  text?: string;
  items: MenuItem[];
  className?: string;
  align?: 'start' | 'end';
}

/** A button that opens a list of actions; arrow keys move through it. */
export function Menu({ label, icon = 'more', text, items, className = '', align = 'end' }: MenuProps) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return undefined;
    list.current?.scrollIntoView({ block: 'nearest' });
    list.current?.querySelector('button')?.focus({ preventScroll: true });
    const outside = (event: PointerEvent) => !root.current?.contains(event.target as Node) && setOpen(false);
    addEventListener('pointerdown', outside);
    return () => removeEventListener('pointerdown', outside);
  }, [open]);
  const onKeyDown = (event: React.KeyboardEvent) => {
    const buttons = [...(list.current?.querySelectorAll('button') ?? [])];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    if (event.key === 'Escape') {
      event.stopPropagation();
      setOpen(false);
      button.current?.focus();
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      buttons[(at + (event.key === 'ArrowDown' ? 1 : buttons.length - 1)) % buttons.length]?.focus();
    }
  };
  return (
    <div className={`menu ${className}`} ref={root} onKeyDown={onKeyDown}>
      <button ref={button} type="button" className={text ? 'button' : 'icon-button'} aria-haspopup="menu" aria-expanded={open} aria-label={label} title={label} onClick={() => setOpen(!open)}>
        <Icon name={icon} size={text ? 18 : 20} />
        {text && <span>{text}</span>}
      </button>
      {open && (
        <div className={`menu-list ${align}`} role="menu" aria-label={label} ref={list}>
          {items.map((item) => (
            <button
              key={item.label}
              type="button"
              role="menuitem"
              tabIndex={-1}
              className={item.danger ? 'menu-item danger' : 'menu-item'}
              onClick={() => {
                setOpen(false);
                item.onSelect();
              }}
            >
              {item.icon && <Icon name={item.icon} size={18} />}
              <span>{item.label}</span>
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

/** Opens the browser's file chooser. */
export function FileButton({ onFiles, children, className = 'button', accept = 'image/*', multiple = false }: { onFiles: (files: File[]) => void; children: ReactNode; className?: string; accept?: string; multiple?: boolean }) {
  return (
    <label className={className}>
      {children}
      <input
        type="file"
        className="visually-hidden"
        accept={accept}
        multiple={multiple}
        onChange={(event) => {
          onFiles([...(event.target.files ?? [])]);
          event.target.value = '';
        }}
      />
    </label>
  );
}
