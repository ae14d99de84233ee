/** What is sent. */
export interface HttpRequest {
  method: 'GET' | 'POST';
  url: string;
  /** All but the key. */
  headers: Record<string, string>;
  body?: string | undefined;
}
