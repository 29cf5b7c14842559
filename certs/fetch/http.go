package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// allowed refuses addresses that the policy does not name: they are taken from
// certificates in strangers' files, and could point into our own network.
func (c *Client) allowed(u *url.URL) error {
	port := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	if port == "" {
		return fmt.Errorf("scheme %q: want http or https", u.Scheme)
	}
	if u.Port() != "" {
		port = u.Port()
	}
	host := strings.ToLower(u.Hostname())
	withPort := net.JoinHostPort(host, port)
	standard := port == "80" && u.Scheme == "http" || port == "443" && u.Scheme == "https"
	if slices.ContainsFunc(c.Hosts, func(h string) bool {
		return strings.EqualFold(h, withPort) || standard && strings.EqualFold(h, host)
	}) {
		return nil
	}
	return fmt.Errorf("host %q: %w", u.Host, ErrHostNotAllowed)
}

func (c *Client) limit(max int64) int64 {
	limit := c.MaxBytes
	if limit <= 0 {
		limit = defaultMax
	}
	if max > 0 {
		limit = min(limit, max)
	}
	return limit
}

func (c *Client) request(ctx context.Context, u *url.URL, body []byte, mediaType string, limit int64) ([]byte, error) {
	timeout := c.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	method := http.MethodGet
	if body != nil {
		method = http.MethodPost
	}
	request, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", mediaType)
	}
	response, err := c.client().Do(request)
	if err != nil {
		return nil, errors.Unwrap(err) // url.Error would repeat the address
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %s, want 200", response.Status)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("more than %d bytes", limit)
	}
	return data, nil
}

func (c *Client) client() *http.Client {
	client := http.Client{}
	if c.HTTP != nil {
		client = *c.HTTP
	}
	client.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		if len(via) >= 3 {
			return errors.New("more than 3 redirects")
		}
		return c.allowed(next.URL)
	}
	return &client
}
