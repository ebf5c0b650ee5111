// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// The decimal number of Raindex: coefficient * 10**exponent, the exponent an int32 in the upper 4 bytes, the coefficient
// an int224 in the lower 28. Written from the published layout; results are cut toward zero to what fits.

type Float is bytes32;

error ExponentOverflow(int256 exponent);
error CoefficientOverflow(int256 coefficient, int256 exponent);
error NegativeFixedDecimal(int256 coefficient, int256 exponent);
error FixedDecimalOverflow(int256 coefficient, int256 exponent, uint8 decimals);
error DivisionByZero();

using FloatMath for Float global;

library FloatMath {
    Float internal constant ZERO = Float.wrap(0);
    uint256 private constant SIZE_MAX = (1 << 223) - 1;
    uint256 private constant HALF = 1 << 128;
    int256 private constant FIXED_SHIFT_MAX = 77;
    uint256 private constant ADD_SHIFT_MAX = 76;

    function unpack(Float value) internal pure returns (int256 coefficient, int256 exponent) {
        uint256 word = uint256(Float.unwrap(value));
        return (int256(int224(uint224(word))), int256(int32(uint32(word >> 224))));
    }

    function packLossy(int256 coefficient, int256 exponent) internal pure returns (Float value, bool lossless) {
        return _pack(coefficient < 0, _size(coefficient), exponent);
    }

    function pack(int256 coefficient, int256 exponent) internal pure returns (Float value) {
        bool lossless;
        (value, lossless) = packLossy(coefficient, exponent);
        if (!lossless) revert CoefficientOverflow(coefficient, exponent);
    }

    function fromFixed(uint256 amount, uint8 decimals) internal pure returns (Float value, bool lossless) {
        return _pack(false, amount, -int256(uint256(decimals)));
    }

    /// The fixed-point integer of a float, cut, and whether nothing was cut.
    function toFixed(Float value, uint8 decimals) internal pure returns (uint256 amount, bool lossless) {
        (int256 coefficient, int256 exponent) = unpack(value);
        if (coefficient < 0) revert NegativeFixedDecimal(coefficient, exponent);
        if (coefficient == 0) return (0, true);
        int256 shift = exponent + int256(uint256(decimals));
        if (shift < -FIXED_SHIFT_MAX) return (0, false);
        if (shift > FIXED_SHIFT_MAX) revert FixedDecimalOverflow(coefficient, exponent, decimals);
        if (shift < 0) {
            uint256 scale = 10 ** uint256(-shift);
            return (uint256(coefficient) / scale, uint256(coefficient) % scale == 0);
        }
        uint256 factor = 10 ** uint256(shift);
        if (uint256(coefficient) > type(uint256).max / factor) {
            revert FixedDecimalOverflow(coefficient, exponent, decimals);
        }
        return (uint256(coefficient) * factor, true);
    }

    /// As toFixed, with a cut digit counted up: what has to be paid for at least this much.
    function toFixedUp(Float value, uint8 decimals) internal pure returns (uint256 amount) {
        bool lossless;
        (amount, lossless) = toFixed(value, decimals);
        if (!lossless) amount += 1;
    }

    function isZero(Float value) internal pure returns (bool) {
        return uint224(uint256(Float.unwrap(value))) == 0;
    }

    function add(Float a, Float b) internal pure returns (Float) {
        (int256 coefficient, int256 exponent) = unpack(b);
        return _add(a, coefficient, exponent);
    }

    function sub(Float a, Float b) internal pure returns (Float) {
        (int256 coefficient, int256 exponent) = unpack(b);
        return _add(a, -coefficient, exponent);
    }

    /// Both are widened to all digits that 256 bits hold, and aligned to the one that is then the larger.
    function _add(Float a, int256 coefficient, int256 exponent) private pure returns (Float result) {
        (int256 large, int256 largeExponent) = unpack(a);
        if (large == 0 || coefficient == 0) {
            (result,) = large == 0 ? packLossy(coefficient, exponent) : packLossy(large, largeExponent);
            return result;
        }
        (large, largeExponent) = _widened(large, largeExponent);
        (int256 small, int256 smallExponent) = _widened(coefficient, exponent);
        if (smallExponent > largeExponent) {
            (large, largeExponent, small, smallExponent) = (small, smallExponent, large, largeExponent);
        }
        uint256 shift = uint256(largeExponent - smallExponent);
        small = shift > ADD_SHIFT_MAX ? int256(0) : small / int256(10 ** shift);
        if ((large < 0) == (small < 0)) {
            (result,) = _pack(large < 0, _size(large) + _size(small), largeExponent);
        } else {
            (result,) = packLossy(large + small, largeExponent);
        }
    }

    /// The most significant digits of the exact product.
    function mul(Float a, Float b) internal pure returns (Float result) {
        (int256 left, int256 leftExponent) = unpack(a);
        (int256 right, int256 rightExponent) = unpack(b);
        bool negative = (left < 0) != (right < 0);
        (uint256 high, uint256 low) = _product(_size(left), _size(right));
        int256 exponent = leftExponent + rightExponent;
        while (high > 0) {
            (high, low) = _tenth(high, low);
            exponent += 1;
        }
        (result,) = _pack(negative, low, exponent);
    }

    /// The most significant digits of the quotient, by long division.
    function div(Float a, Float b) internal pure returns (Float result) {
        (int256 left, int256 exponent) = unpack(a);
        (int256 right, int256 rightExponent) = unpack(b);
        if (right == 0) revert DivisionByZero();
        uint256 most = SIZE_MAX + ((left < 0) != (right < 0) ? 1 : 0);
        uint256 by = _size(right);
        uint256 quotient = _size(left) / by;
        uint256 rest = _size(left) % by;
        exponent -= rightExponent;
        while (rest > 0 && quotient * 10 + (rest * 10) / by <= most) {
            quotient = quotient * 10 + (rest * 10) / by;
            rest = (rest * 10) % by;
            exponent -= 1;
        }
        (result,) = _pack((left < 0) != (right < 0), quotient, exponent);
    }

    /// Below zero, zero or above as a is below, equal to or above b, whatever their exponents.
    function compare(Float a, Float b) internal pure returns (int256) {
        (int256 left, int256 leftExponent) = unpack(a);
        (int256 right, int256 rightExponent) = unpack(b);
        if (_sign(left) != _sign(right) || left == 0) return _sign(left) - _sign(right);
        int256 heights = _digits(left) + leftExponent - _digits(right) - rightExponent;
        if (heights != 0) return _sign(left) * _sign(heights);
        if (leftExponent > rightExponent) left *= int256(10 ** uint256(leftExponent - rightExponent));
        if (rightExponent > leftExponent) right *= int256(10 ** uint256(rightExponent - leftExponent));
        return left > right ? int256(1) : (left < right ? int256(-1) : int256(0));
    }

    function gt(Float a, Float b) internal pure returns (bool) {
        return compare(a, b) > 0;
    }

    function smaller(Float a, Float b) internal pure returns (Float) {
        return compare(a, b) < 0 ? a : b;
    }

    function _pack(bool negative, uint256 size, int256 exponent) private pure returns (Float, bool) {
        if (size == 0) return (ZERO, true);
        uint256 most = negative ? SIZE_MAX + 1 : SIZE_MAX;
        int256 fitted = exponent;
        while (size > most) {
            size /= 10;
            fitted += 1;
        }
        if (fitted > type(int32).max) revert ExponentOverflow(fitted);
        if (fitted < type(int32).min) return (ZERO, false);
        int256 coefficient = negative ? -int256(size) : int256(size);
        uint256 word = (uint256(uint32(int32(fitted))) << 224) | uint256(uint224(int224(coefficient)));
        return (Float.wrap(bytes32(word)), fitted == exponent);
    }

    function _size(int256 number) private pure returns (uint256) {
        unchecked {
            return number < 0 ? uint256(-number) : uint256(number);
        }
    }

    function _sign(int256 number) private pure returns (int256) {
        return number > 0 ? int256(1) : (number < 0 ? int256(-1) : int256(0));
    }

    function _digits(int256 number) private pure returns (int256 count) {
        for (uint256 size = _size(number); size > 0; size /= 10) {
            count += 1;
        }
    }

    function _widened(int256 coefficient, int256 exponent) private pure returns (int256, int256) {
        while (coefficient <= type(int256).max / 10 && coefficient >= type(int256).min / 10) {
            coefficient *= 10;
            exponent -= 1;
        }
        return (coefficient, exponent);
    }

    function _product(uint256 a, uint256 b) private pure returns (uint256 high, uint256 low) {
        unchecked {
            uint256 middle = (a / HALF) * (b % HALF);
            uint256 other = (a % HALF) * (b / HALF);
            uint256 bottom = (a % HALF) * (b % HALF);
            uint256 carry = (bottom / HALF) + (middle % HALF) + (other % HALF);
            low = a * b;
            high = (a / HALF) * (b / HALF) + middle / HALF + other / HALF + carry / HALF;
        }
    }

    function _tenth(uint256 high, uint256 low) private pure returns (uint256, uint256) {
        unchecked {
            uint256 upper = ((high % 10) * HALF) + low / HALF;
            uint256 lower = ((upper % 10) * HALF) + low % HALF;
            return (high / 10, (upper / 10) * HALF + lower / 10);
        }
    }
}
