// How a backend sets the metadata, with Stripe's official libraries.

export interface LanguageSnippets {
  readonly language: string;
  readonly customer: string;
  readonly charge: string;
  readonly subscription: string;
}

export const SNIPPETS: readonly LanguageSnippets[] = [
  {
    language: 'Node.js',
    customer: `const customer = await stripe.customers.create({
  email,
  metadata: { customer_key: 'acme', partner_key: 'ada' },
});`,
    charge: `const paymentIntent = await stripe.paymentIntents.create({
  amount: 2000,
  currency: 'usd',
  metadata: { customer_key: 'acme', partner_key: 'ada', product_key: 'gold' },
});`,
    subscription: `const subscription = await stripe.subscriptions.create({
  customer: customer.id,
  items: [{ price: 'price_gold' }],
  metadata: { customer_key: 'acme', partner_key: 'ada', product_key: 'gold' },
});`,
  },
  {
    language: 'Python',
    customer: `customer = stripe.Customer.create(
    email=email,
    metadata={"customer_key": "acme", "partner_key": "ada"},
)`,
    charge: `payment_intent = stripe.PaymentIntent.create(
    amount=2000,
    currency="usd",
    metadata={"customer_key": "acme", "partner_key": "ada", "product_key": "gold"},
)`,
    subscription: `subscription = stripe.Subscription.create(
    customer=customer.id,
    items=[{"price": "price_gold"}],
    metadata={"customer_key": "acme", "partner_key": "ada", "product_key": "gold"},
)`,
  },
  {
    language: 'Ruby',
    customer: `customer = Stripe::Customer.create(
  email: email,
  metadata: { customer_key: 'acme', partner_key: 'ada' },
)`,
    charge: `payment_intent = Stripe::PaymentIntent.create(
  amount: 2000,
  currency: 'usd',
  metadata: { customer_key: 'acme', partner_key: 'ada', product_key: 'gold' },
)`,
    subscription: `subscription = Stripe::Subscription.create(
  customer: customer.id,
  items: [{ price: 'price_gold' }],
  metadata: { customer_key: 'acme', partner_key: 'ada', product_key: 'gold' },
)`,
  },
  {
    language: 'PHP',
    customer: `$customer = $stripe->customers->create([
  'email' => $email,
  'metadata' => ['customer_key' => 'acme', 'partner_key' => 'ada'],
]);`,
    charge: `$paymentIntent = $stripe->paymentIntents->create([
  'amount' => 2000,
  'currency' => 'usd',
  'metadata' => ['customer_key' => 'acme', 'partner_key' => 'ada', 'product_key' => 'gold'],
]);`,
    subscription: `$subscription = $stripe->subscriptions->create([
  'customer' => $customer->id,
  'items' => [['price' => 'price_gold']],
  'metadata' => ['customer_key' => 'acme', 'partner_key' => 'ada', 'product_key' => 'gold'],
]);`,
  },
  {
    language: 'Java',
    customer: `Customer customer = Customer.create(
    CustomerCreateParams.builder()
        .setEmail(email)
        .putMetadata("customer_key", "acme")
        .putMetadata("partner_key", "ada")
        .build());`,
    charge: `PaymentIntent paymentIntent = PaymentIntent.create(
    PaymentIntentCreateParams.builder()
        .setAmount(2000L)
        .setCurrency("usd")
        .putMetadata("customer_key", "acme")
        .putMetadata("partner_key", "ada")
        .putMetadata("product_key", "gold")
        .build());`,
    subscription: `Subscription subscription = Subscription.create(
    SubscriptionCreateParams.builder()
        .setCustomer(customer.getId())
        .addItem(SubscriptionCreateParams.Item.builder().setPrice("price_gold").build())
        .putMetadata("customer_key", "acme")
        .putMetadata("partner_key", "ada")
        .putMetadata("product_key", "gold")
        .build());`,
  },
  {
    language: 'Go',
    customer: `params := &stripe.CustomerParams{Email: stripe.String(email)}
params.AddMetadata("customer_key", "acme")
params.AddMetadata("partner_key", "ada")
c, err := customer.New(params)`,
    charge: `params := &stripe.PaymentIntentParams{
	Amount:   stripe.Int64(2000),
	Currency: stripe.String("usd"),
}
params.AddMetadata("customer_key", "acme")
params.AddMetadata("partner_key", "ada")
params.AddMetadata("product_key", "gold")
pi, err := paymentintent.New(params)`,
    subscription: `params := &stripe.SubscriptionParams{
	Customer: stripe.String(c.ID),
	Items:    []*stripe.SubscriptionItemsParams{{Price: stripe.String("price_gold")}},
}
params.AddMetadata("customer_key", "acme")
params.AddMetadata("partner_key", "ada")
params.AddMetadata("product_key", "gold")
s, err := subscription.New(params)`,
  },
];
