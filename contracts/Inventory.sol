// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BookV6} from "./BookV6.sol";
import {Float} from "./Float.sol";
import {OrderConfigV4, OrderV4, TaskV2} from "./FloatBook.sol";
import {IToken} from "./Token.sol";

/// Owns orders and vaults of a book. Its admin manages them; operators move tokens of the vaults to and from themselves.
contract Inventory {
    bytes32 public constant DEFAULT_ADMIN_ROLE = 0;
    bytes32 public constant OPERATOR_ROLE = keccak256("OPERATOR_ROLE");

    BookV6 public immutable book;
    bool public paused;
    mapping(bytes32 => mapping(address => bool)) public hasRole;

    event OperatorDeposit(address indexed operator, address indexed token, bytes32 indexed vaultId, uint256 amount);
    event OperatorWithdraw(address indexed operator, address indexed token, bytes32 indexed vaultId, uint256 amount);
    event RoleGranted(bytes32 indexed role, address indexed account, address indexed sender);
    event RoleRevoked(bytes32 indexed role, address indexed account, address indexed sender);
    event Paused(address account);
    event Unpaused(address account);

    error AccessControlUnauthorizedAccount(address account, bytes32 role);
    error EnforcedPause();
    error InsufficientVaultLiquidity(address token, uint256 requested, uint256 received);

    modifier only(bytes32 role) {
        if (!hasRole[role][msg.sender]) revert AccessControlUnauthorizedAccount(msg.sender, role);
        _;
    }

    constructor(address admin, BookV6 book_) {
        hasRole[DEFAULT_ADMIN_ROLE][admin] = true;
        book = book_;
    }

    function grantRole(bytes32 role, address account) external only(DEFAULT_ADMIN_ROLE) {
        hasRole[role][account] = true;
        emit RoleGranted(role, account, msg.sender);
    }

    function revokeRole(bytes32 role, address account) external only(DEFAULT_ADMIN_ROLE) {
        hasRole[role][account] = false;
        emit RoleRevoked(role, account, msg.sender);
    }

    function pause() external only(DEFAULT_ADMIN_ROLE) {
        paused = true;
        emit Paused(msg.sender);
    }

    function unpause() external only(DEFAULT_ADMIN_ROLE) {
        paused = false;
        emit Unpaused(msg.sender);
    }

    function addOrder4(OrderConfigV4 calldata config, TaskV2[] calldata tasks)
        external
        only(DEFAULT_ADMIN_ROLE)
        returns (bool)
    {
        return book.addOrder4(config, tasks);
    }

    function removeOrder3(OrderV4 calldata order, TaskV2[] calldata tasks)
        external
        only(DEFAULT_ADMIN_ROLE)
        returns (bool)
    {
        return book.removeOrder3(order, tasks);
    }

    function deposit4(address token, bytes32 vaultId, Float amount, TaskV2[] calldata tasks)
        external
        only(OPERATOR_ROLE)
    {
        if (paused) revert EnforcedPause();
        uint256 units = amount.toFixedUp(IToken(token).decimals());
        require(IToken(token).transferFrom(msg.sender, address(this), units));
        require(IToken(token).approve(address(book), units));
        book.deposit4(token, vaultId, amount, tasks);
        emit OperatorDeposit(msg.sender, token, vaultId, units);
    }

    /// Pays out all of the amount or nothing.
    function withdraw4(address token, bytes32 vaultId, Float amount, TaskV2[] calldata tasks)
        external
        only(OPERATOR_ROLE)
    {
        if (paused) revert EnforcedPause();
        (uint256 requested,) = amount.toFixed(IToken(token).decimals());
        uint256 before = IToken(token).balanceOf(address(this));
        book.withdraw4(token, vaultId, amount, tasks);
        uint256 received = IToken(token).balanceOf(address(this)) - before;
        if (received < requested) revert InsufficientVaultLiquidity(token, requested, received);
        require(IToken(token).transfer(msg.sender, received));
        emit OperatorWithdraw(msg.sender, token, vaultId, received);
    }
}

/// An operator that settles trades out of an inventory: the taker pays one token and gets the other in one transaction.
contract Settler {
    function settle(Inventory inventory, bytes32 vaultId, address pays, Float paid, address gets, Float got) external {
        uint256 units = paid.toFixedUp(IToken(pays).decimals());
        require(IToken(pays).transferFrom(msg.sender, address(this), units));
        require(IToken(pays).approve(address(inventory), units));
        inventory.deposit4(pays, vaultId, paid, new TaskV2[](0));
        uint256 before = IToken(gets).balanceOf(address(this));
        inventory.withdraw4(gets, vaultId, got, new TaskV2[](0));
        require(IToken(gets).transfer(msg.sender, IToken(gets).balanceOf(address(this)) - before));
    }
}
