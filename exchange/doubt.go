package exchange

import "errors"

// A doubtError says that what was to be written may be there, or not, or that what is there
// cannot be proved now: whoever asked must not be told either.
type doubtError struct{ cause error }

func (e *doubtError) Error() string {
	return "exchange: it is not known what was taken: " + e.cause.Error()
}
func (e *doubtError) Unwrap() error { return e.cause }

// doubtful marks the error of a commit whose outcome is not known.
func doubtful(err error) error {
	if errors.Is(err, ErrAway) {
		return &doubtError{err}
	}
	return err
}

func inDoubt(err error) bool {
	var doubt *doubtError
	return errors.As(err, &doubt)
}
